"""C face of `headers`."""

cdef class Head:
    cdef public str host, content_type, content_encoding, accept_encoding, transfer_encoding, user_agent, upgrade
    cdef public str auth, authorization, credential, x_goog_api_key, anthropic_version
    cdef public str user_id, session_id, session_path, session_name, request_name, request_id, prompt_id
    cdef public str target_url, openai_api_base, model_override, rate_policy, cache_control, traceparent
    cdef public long long content_length
    cdef public int cache_enabled, cache_read, cache_save, retry_enabled, omit_request, omit_response, stream_usage
    cdef public bytes forward
    cdef public str fault
    # Made when they are first needed; in Python they are the properties of these names.
    cdef dict directives_, unknown_, properties_, property_names_
    cdef list malformed_

cpdef Head parse(list items)
cpdef bytes forward_without(list items, frozenset names)
