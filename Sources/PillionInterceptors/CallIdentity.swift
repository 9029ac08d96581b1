package import PillionQuery
package import PillionTransport

/// Who makes the call; noted by whatever has authenticated it.
package enum CallIdentity: CallAttributeKey {
  package typealias Value = Identity
}
