"""Values and contracts that both planes share.

Everyone may import this package; it imports nothing of ours. One noun, one module: `settings`, `errors`,
`identity`, `usage`, `record`, `snapshot`, `clock`, `origin`.
"""
