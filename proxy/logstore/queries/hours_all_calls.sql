SELECT count() AS calls FROM requests
