import PillionSchema
package import PillionTransport

/// `concurrency_limit`: so many calls at once, some more in a queue; the others are refused at once, which is cheaper
/// for both sides than an answer that comes too late.
package struct ConcurrencyLimitInterceptor: Interceptor {
  package static let definition = InterceptorDefinition(
    name: "concurrency_limit", summary: "Lets so many calls run at once, and so many wait.",
    settings: [
      Setting(path: "in_flight", kind: .integer, defaultValue: "512", summary: "Calls at once."),
      Setting(path: "queue", kind: .integer, defaultValue: "1024", summary: "Calls that may wait for one to end."),
    ]
  ) { (settings, _) throws(InterceptorError) in
    guard let limit = settings.integer("in_flight"), limit > 0 else {
      throw settings.error("in_flight", "'concurrency_limit.in_flight' must be 1 or more")
    }
    return ConcurrencyLimitInterceptor(inFlight: limit, queue: settings.integer("queue") ?? 0)
  }

  private let places: CallPlaces

  package init(inFlight: Int, queue: Int) { places = CallPlaces(limit: inFlight, queueLimit: queue) }

  /// The place in the queue of a call that had to wait.
  private final class Ticket: CallNote {
    let waiter: CallPlaces.Waiter

    init(_ waiter: CallPlaces.Waiter) { self.waiter = waiter }
  }

  private static let refusal = Status(
    .resourceExhausted, "The server has as many calls as it may; try again later.",
    details: [.errorInfo(reason: "EXHAUSTED"), .retry(milliseconds: 100)])

  package func begin(_ call: ServerCall) -> Verdict {
    if places.take() {
      call.holdsPlace = true
      return .proceed
    }
    guard let waiter = places.queue() else { return .refuse(Self.refusal) }
    call.attributes[Ticket.self] = Ticket(waiter)
    let places = places
    return .wait {
      await places.wait(waiter)
      return .proceed
    }
  }

  package func end(_ call: ServerCall, _ summary: CallSummary) {
    if call.holdsPlace {
      call.holdsPlace = false
      places.giveBack()
    } else if let ticket = call.attributes[Ticket.self] {
      places.leave(ticket.waiter)
    }
  }
}
