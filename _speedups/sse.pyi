from ._pure.sse import HELD_MAX as HELD_MAX
from ._pure.sse import USAGE_MAX as USAGE_MAX
from ._pure.sse import Scanner as Scanner
