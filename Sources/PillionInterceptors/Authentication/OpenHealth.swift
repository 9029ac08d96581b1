import PillionTransport

/// Noted on calls of the health service: whether it is open to callers without credentials.
///
/// What probes health has no claims that a rule could ask for. So a health method that `anonymous` names needs no rule;
/// no other method is allowed by being anonymous, as that only says that its callers need not be known.
enum OpenHealth: CallAttributeKey {
  typealias Value = Bool

  static func concerns(_ call: ServerCall) -> Bool {
    call.method.isKnown && call.method.path.hasPrefix("/grpc.health.v1.Health/")
  }
}
