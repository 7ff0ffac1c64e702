from ._pure.headers import Head as Head
from ._pure.headers import forward_without as forward_without
from ._pure.headers import parse as parse
