from ._pure.cachekey import DEPTH_MAX as DEPTH_MAX
from ._pure.cachekey import IGNORED_MAX as IGNORED_MAX
from ._pure.cachekey import Key as Key
from ._pure.cachekey import cache_key as cache_key
from ._pure.cachekey import canonical_json as canonical_json
