// What interceptors and services are written with: `Interceptor`, `ServerCall`, `Status` and `Metadata` are the
// transport's own, and come with `import Pillion`.
@_exported public import PillionTransport
