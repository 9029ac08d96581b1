import PillionDatabase
package import PillionQuery
import PillionSchema
package import PillionTransport

/// What decides who may do what to which rows.
package struct AccessControl: Sendable {
  /// Who makes a call; nil: nobody has authenticated it.
  package var identity: @Sendable (ServerCall) -> Identity?
  /// One a model, in the order of the schema's; nil: its rows are everybody's.
  package var rowFilters: [RowFilter?]
  /// Nil: every call is the database's login role.
  package var databaseRole: DatabaseRole?

  package init(
    rowFilters: [RowFilter?] = [], databaseRole: DatabaseRole? = nil,
    identity: @escaping @Sendable (ServerCall) -> Identity?
  ) {
    self.identity = identity
    self.rowFilters = rowFilters
    self.databaseRole = databaseRole
  }
}

/// What the calls of one service may do.
final class ServiceAccess: Sendable {
  /// One call's.
  struct Admission {
    var identity: Identity?
    /// Nil: no row filter concerns the service.
    var rows: FilteredPlans.Access?
    var session: CallSession?

    /// What a page token is bound to, besides the query.
    var tokenBinding: [String] { rows?.fingerprint ?? identity.map { [$0.principal] } ?? [] }
  }

  private let control: AccessControl
  private let filtered: FilteredPlans?
  /// Nil: the model has no hooks.
  private let base: HookedRows?

  init(_ control: AccessControl, filtered: FilteredPlans?, base: HookedRows? = nil) {
    self.control = control
    self.filtered = filtered
    self.base = base
  }

  /// Whether it depends on the caller which rows there are, or who the database thinks it is.
  var concernsRows: Bool { filtered != nil || control.databaseRole != nil }

  /// Whether every call may do it to all rows: the model's hooks are known to have no say, and there is nothing else.
  func isOpen(_ action: Action) -> Bool {
    guard let base, let filtered, action == .create || base.hasAllRows else { return false }
    return !filtered.hasRowFilters && control.databaseRole == nil
  }

  /// Nil where the call has been refused, and has ended.
  ///
  /// - Parameter action: nil: List or ListPage.
  func admit(_ call: ServerCall, _ action: Action? = nil) -> Admission? {
    var admission = Admission(identity: control.identity(call))
    if let role = control.databaseRole {
      guard let session = role.session(for: admission.identity) else {
        call.finish(ErrorPolicy.noRole)
        return nil
      }
      admission.session = session
    }
    if let filtered {
      func caller() -> Caller { Caller(identity: admission.identity, peer: call.peer) }
      var rows: Filter?
      // A new row is looked for nowhere.
      if let base, action != .create {
        do {
          rows = try base.filter(call, for: caller)
        } catch {
          call.finish(base.errors.status(forThrown: error, path: call.method.path, requestID: call.requestID))
          return nil
        }
      }
      if rows != nil || filtered.hasRowFilters { admission.rows = filtered.access(for: caller(), base: rows) }
    }
    return admission
  }
}

extension Caller {
  /// - Parameter peer: as `ServerCall.peer`.
  package init(identity: Identity?, peer: String) { self.init(identity: identity, address: Self.address(of: peer)) }

  /// Without the port; empty for a Unix socket.
  private static func address(of peer: String) -> String {
    if peer.hasPrefix("unix:") { return "" }
    guard let colon = peer.lastIndex(of: ":") else { return peer }
    let host = peer[..<colon]
    return host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host)
  }
}

extension DatabaseError {
  /// Whether it tells of other rows: one that is there already, or one that is missing.
  var isConflict: Bool {
    ["UNIQUE_VIOLATION", "FOREIGN_KEY_VIOLATION"].contains(ErrorRule.rule(for: self).reason)
      || code == .sqlState("23P01")
  }
}

extension ErrorPolicy {
  /// For a row that its writer would not be allowed to see.
  static let rowRefused = Status(
    .permissionDenied, "The row would be outside what the caller may write.",
    details: [.errorInfo(reason: "ROW_FILTER")])

  /// For a caller whose claims name no role for the database.
  static let noRole = Status(
    .permissionDenied, "The caller has no role in the database.", details: [.errorInfo(reason: "NO_DATABASE_ROLE")])
}
