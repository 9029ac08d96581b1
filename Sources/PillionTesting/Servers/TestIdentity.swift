import PillionInterceptors
import PillionQuery
import PillionTransport

/// Stands where `authentication` stands, or first where there is none, and believes what a test says about its caller;
/// calls that say nothing go on to the real layer.
struct TestIdentity: Interceptor {
  private static let principal = "x-pillion-test-principal"
  private static let claim = "x-pillion-test-claim"

  private let real: Authentication?

  static func adapt(_ layers: [any Interceptor]) -> [any Interceptor] {
    var layers = layers
    if let index = layers.firstIndex(where: { $0 is Authentication }) {
      layers[index] = TestIdentity(real: layers[index] as? Authentication)
    } else {
      layers.insert(TestIdentity(real: nil), at: 0)
    }
    return layers
  }

  static func metadata(_ principal: String, _ claims: [String: String]) -> [(name: String, value: String)] {
    [(Self.principal, principal)] + claims.map { (claim, "\($0.key)=\($0.value)") }
  }

  func begin(_ call: ServerCall) -> Verdict {
    guard let principal = call.metadata[Self.principal] else { return real?.begin(call) ?? .proceed }
    var claims: [String: ClaimValue] = [:]
    for text in call.metadata.all(Self.claim) {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      claims[String(parts[0])] = .string(parts.count > 1 ? String(parts[1]) : "")
    }
    call.identity = Identity(principal: principal, claims: claims)
    return .proceed
  }

  func finish(_ call: ServerCall, _ status: inout Status) { real?.finish(call, &status) }

  func end(_ call: ServerCall, _ summary: CallSummary) { real?.end(call, summary) }

  func shutDown() { real?.shutDown() }
}
