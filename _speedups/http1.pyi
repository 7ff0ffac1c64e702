from ._pure.http1 import read_request as read_request
from ._pure.http1 import read_response as read_response
from ._pure.http1 import write_headers as write_headers
