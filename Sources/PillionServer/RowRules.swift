package import PillionDatabase
package import PillionInterceptors
package import PillionQuery
package import PillionSchema
package import PillionService

/// What `authorization` says about rows: filters of models, and the database's roles.
package struct RowRules: Sendable {
  private let list: InterceptorList
  private let settings: InterceptorSettings?

  package init(_ list: InterceptorList) {
    self.list = list
    settings = list.settings(of: Authorization.definition.name)
  }

  private static let filters = "row_filters"
  private static let role = "database_role.claim"

  /// Whether rows are not the same for everybody.
  package var areAny: Bool { hasFilters || databaseRole != nil }

  private var hasFilters: Bool { !(settings?.mapping(Self.filters).isEmpty ?? true) }

  /// Nil: calls run for the login role.
  package var databaseRole: DatabaseRole? {
    guard let settings, let claim = settings.text(Self.role) else { return nil }
    return DatabaseRole(
      claim: claim.split(separator: ".").map(String.init), setting: settings.text("database_role.settings"),
      fallback: settings.text("database_role.default"))
  }

  /// Whether the login role may be one that row security does not bind.
  private var allowsBypass: Bool { settings?.flag("database_role.allow_bypass") ?? false }

  /// The filters in their models' terms, one a model in the schema's order; every mistake becomes a diagnostic.
  package func filters(_ schema: Schema, _ diagnostics: inout [Diagnostic]) -> [RowFilter?] {
    var filters = [RowFilter?](repeating: nil, count: schema.models.count)
    for (name, text) in settings?.mapping(Self.filters) ?? [] {
      guard let model = schema.models.first(where: { $0.fullName == name.value }) else {
        diagnostics.append(
          Diagnostic(
            at: name.location, "'\(Self.filters)' names '\(name.value)', which is no model",
            suggestion: Suggestion.of(name.value, among: schema.models.map(\.fullName))))
        continue
      }
      do throws(QueryError) {
        filters[model.index] = try RowFilter.parse(text.value, model: model, schema: schema)
      } catch {
        diagnostics.append(error.diagnostic(at: text.location, "the row filter of \(model.fullName)"))
      }
    }
    return filters
  }

  /// What the configuration says wrong, whatever the definitions are.
  package func check(_ database: DatabaseURL?) -> [Diagnostic] {
    guard let settings else { return [] }
    var diagnostics: [Diagnostic] = []
    if hasFilters || databaseRole != nil, !list.contains(Authentication.definition.name) {
      let key = hasFilters ? Self.filters : "database_role"
      diagnostics.append(
        Diagnostic(
          at: settings.location(of: hasFilters ? Self.filters : Self.role),
          "'\(key)' without 'authentication': no call has claims", suggestion: "put 'authentication' above it"))
    }
    for part in ["settings", "default", "allow_bypass"]
    where settings.isSet("database_role.\(part)") && !(part == "allow_bypass" && !allowsBypass) {
      if databaseRole == nil {
        diagnostics.append(
          Diagnostic(at: settings.location(of: "database_role.\(part)"), "'database_role' without 'claim'"))
      }
    }
    guard let role = databaseRole else { return diagnostics }
    if case .sqlite? = database {
      diagnostics.append(Diagnostic(at: settings.location(of: Self.role), "'database_role': SQLite has no roles"))
    }
    if role.claim.isEmpty {
      diagnostics.append(Diagnostic(at: settings.location(of: Self.role), "'\(Self.role)' expected a claim's name"))
    }
    if let setting = role.setting, !Self.isSetting(setting) {
      diagnostics.append(
        Diagnostic(
          at: settings.location(of: "database_role.settings"),
          "'database_role.settings' expected a run-time parameter with a dot in its name, such as request.jwt.claims"))
    }
    if let fallback = role.fallback, !DatabaseRole.isRole(fallback) {
      diagnostics.append(
        Diagnostic(at: settings.location(of: "database_role.default"), "'\(fallback)' is no name of a role"))
    }
    return diagnostics
  }

  /// Whether the login role is bound by row security, as it must be where calls run for other roles: a mistake there
  /// would show everything to everybody. What cannot be found out is reported as well.
  package func checkLogin(_ connection: any AdminConnection) throws(DatabaseError) -> Diagnostic? {
    guard let settings, databaseRole != nil, !allowsBypass else { return nil }
    let rows = try connection.query(
      "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)")
    guard let name = rows.first?.first ?? nil else { return nil }
    return Diagnostic(
      at: settings.location(of: Self.role),
      "'database_role': the login role \(name) is bound by no row security, as a superuser or with BYPASSRLS",
      suggestion: "log in as a role that is neither, or set allow_bypass: true")
  }

  /// Custom parameters have a name of at least two identifiers (PostgreSQL's manual, section 20.16).
  private static func isSetting(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count > 1
      && parts.allSatisfy { part in
        guard let first = part.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return part.utf8.allSatisfy { byte in
          byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte)
        }
      }
  }
}
