"""The API's resources, one file each; `app.ROUTES` lists them."""
