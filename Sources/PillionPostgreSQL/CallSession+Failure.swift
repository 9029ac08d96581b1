internal import PillionDatabase

extension CallSession {
  /// What it means that a role could not be taken on: whatever the server says against the role itself (there is none of
  /// the name, the login role is no member of it, the setting has no such name) is a lack of rights.
  static func failure(_ error: DatabaseError) -> DatabaseError {
    guard case .sqlState(let state) = error.code, state.hasPrefix("22") || state.hasPrefix("42") else { return error }
    // The statement has gone or is taken: another try helps.
    if state == "42P05" { return error }
    var error = error
    error.code = .sqlState("42501")
    error.message = "the caller's role cannot be taken on: \(error.message)"
    return error
  }
}

extension PipelinedConnection {
  func failSession(_ statement: Int, _ error: DatabaseError) {
    if error.code == .sqlState("26000") { statements.forget(statement) }
    sessionFailure = CallSession.failure(error)
  }
}
