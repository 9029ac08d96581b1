import PillionTransport

/// Why a call is not let in: a kind that its client is told, and details that only the operator is.
enum Rejection: CustomStringConvertible {
  case missing
  case malformed(String)
  case wrong(String)
  case expired(String)
  /// No key has the token's name; a key set that is fetched may have it by now.
  case unknownKey(String)
  case certificate(String)

  var description: String {
    switch self {
    case .missing: "there is no proof of who calls"
    case .malformed(let text), .wrong(let text), .expired(let text), .unknownKey(let text), .certificate(let text): text
    }
  }

  var status: Status {
    switch self {
    case .missing: .noCredentials
    case .malformed, .wrong, .unknownKey, .certificate: .badCredentials
    case .expired: .expiredCredentials
    }
  }

  /// As RFC 6750 §3 has it for HTTP.
  var challenge: String {
    switch self {
    case .missing: "Bearer"
    case .malformed: "Bearer error=\"invalid_request\""
    case .wrong, .expired, .unknownKey, .certificate: "Bearer error=\"invalid_token\""
    }
  }
}

extension Status {
  fileprivate static let noCredentials = Status(
    .unauthenticated, "This method needs credentials.", reason: "CREDENTIALS_MISSING")
  fileprivate static let badCredentials = Status(
    .unauthenticated, "The credentials are not valid.", reason: "CREDENTIALS_INVALID")
  fileprivate static let expiredCredentials = Status(
    .unauthenticated, "The credentials have expired.", reason: "CREDENTIALS_EXPIRED")
  static let noKeys = Status(
    .unavailable, "Credentials cannot be checked at the moment; try again later.", reason: "KEYS_UNAVAILABLE")
  /// The server stops.
  static let unsettled = Status(.unavailable, "The server is shutting down.", reason: "SHUTDOWN")
}
