package import PillionSchema

/// What `authorization` says besides its rules: services and drivers carry it out, whoever `CallIdentity` names.
package struct RowAccess: Sendable {
  package struct RowFilter: Sendable {
    /// `blog.Post`, as it was written.
    package var model: Located<String>
    /// In the List filter language; its place is that of its first character.
    package var filter: Located<String>
  }

  package struct DatabaseRole: Sendable {
    /// The claim that names the role, and where it was written.
    package var claim: Located<String>
    /// The run-time setting that takes the claims as JSON; nil: none.
    package var setting: Located<String>?
  }

  /// One for a model at most, in the order of the file.
  package var rowFilters: [RowFilter] = []
  package var databaseRole: DatabaseRole?

  /// - Parameter list: the chain as it is configured; without `authorization` there is nothing to carry out.
  package init(_ list: InterceptorList) {
    guard let settings = list.settings(of: Authorization.definition.name) else { return }
    rowFilters = settings.mapping("row_filters").map { RowFilter(model: $0.key, filter: $0.value) }
    guard let claim = settings.text("database_role.claim") else { return }
    databaseRole = DatabaseRole(
      claim: Located(claim, at: settings.location(of: "database_role.claim")),
      setting: settings.text("database_role.settings").map {
        Located($0, at: settings.location(of: "database_role.settings"))
      })
  }
}
