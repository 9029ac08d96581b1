package import PillionQuery
import PillionTransport

/// Who makes the call; noted by whatever has authenticated it.
package enum CallIdentity: CallAttributeKey {
  package typealias Value = Identity
}
