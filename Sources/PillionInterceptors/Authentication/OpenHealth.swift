import PillionTransport

/// Noted on calls of the health service: whether it is open to callers without credentials.
///
/// What probes health has no claims that a rule could ask for. So a health method that `anonymous` names needs no rule;
/// no other method is allowed by being anonymous, as that only says that its callers need not be known.
final class OpenHealth: CallNote {
  let isOpen: Bool

  init(isOpen: Bool) { self.isOpen = isOpen }

  static func concerns(_ call: ServerCall) -> Bool {
    let method = call.route.method
    return method.model == nil && method.isKnown && method.path.hasPrefix("/grpc.health.v1.Health/")
  }
}
