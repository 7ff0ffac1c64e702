"""C face of `http1`."""

cpdef tuple read_request(bytes data)
cpdef tuple read_response(bytes data)
cpdef tuple write_headers(list headers)
