import PillionSchema
package import PillionTransport

/// `deadline`: no call goes on for ever, whatever its client asked for.
package struct DeadlineInterceptor: Interceptor {
  package static let definition = InterceptorDefinition(
    name: "deadline", summary: "Gives calls a deadline, and shortens those that are too far away.",
    settings: [
      Setting(
        path: "default", kind: .duration, defaultValue: "0",
        summary: "For calls whose client gave none; 0: they have none."),
      Setting(
        path: "max", kind: .duration, defaultValue: "0", summary: "The longest that a call may last; 0: no limit."),
    ]
  ) { (settings, _) throws(InterceptorError) in
    let interceptor = DeadlineInterceptor(
      fallback: settings.nanoseconds("default") ?? 0, maximum: settings.nanoseconds("max") ?? 0)
    if interceptor.maximum > 0, interceptor.fallback > interceptor.maximum {
      throw settings.error("default", "'deadline.default' is longer than 'deadline.max'")
    }
    return interceptor.fallback > 0 || interceptor.maximum > 0 ? interceptor : nil
  }

  /// In nanoseconds; 0: none.
  private let fallback: UInt64
  private let maximum: UInt64

  package init(fallback: UInt64, maximum: UInt64) {
    self.fallback = fallback
    self.maximum = maximum
  }

  /// A call that lasts as long as the client cares to know.
  private static func isWatch(_ route: Route) -> Bool {
    route.method.isServerStreaming && route.method.path == "/grpc.health.v1.Health/Watch"
  }

  package func begin(_ call: ServerCall) -> Verdict {
    let start = call.clock.time(at: call.startTime)
    if call.deadline == 0 {
      let limit = fallback > 0 ? fallback : maximum
      if !Self.isWatch(call.route) { call.moveDeadline(to: start + limit) }
    } else if maximum > 0, call.deadline > start + maximum {
      call.moveDeadline(to: start + maximum)
    }
    return .proceed
  }
}
