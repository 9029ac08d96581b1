package import PillionQuery
package import PillionTransport

/// Who makes the call; noted by whatever has authenticated it.
private final class CallIdentity: CallNote {
  let identity: Identity

  init(_ identity: Identity) { self.identity = identity }
}

extension ServerCall {
  /// Who makes the call; nil: nobody has authenticated it.
  package var identity: Identity? {
    get { attributes[CallIdentity.self]?.identity }
    set { attributes[CallIdentity.self] = newValue.map(CallIdentity.init) }
  }
}
