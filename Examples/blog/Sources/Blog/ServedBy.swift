import Pillion

/// Says in a trailer of every answer who has given it.
struct ServedBy: Interceptor {
  func begin(_ call: ServerCall) -> Verdict { .proceed }

  func finish(_ call: ServerCall, _ status: inout Status) { call.addTrailer("served-by", "blog") }
}
