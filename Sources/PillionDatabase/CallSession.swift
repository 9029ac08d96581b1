/// For whom the database does a call's work: a role, and what it may read about the caller, for as long as the call's
/// transaction. PostgreSQL only.
package struct CallSession: Sendable {
  /// Sets them with the parameters, for the running transaction alone.
  package let statement: Statement
  package let parameters: Parameters
  /// The run-time parameter that it sets beside the role.
  package let setting: String?

  /// - Parameter setting: a run-time parameter and its value; nil: the role alone.
  package init(role: String, setting: (name: String, value: String)?) {
    var parameters = Parameters(capacity: 3)
    parameters.append(text: role)
    if let setting {
      parameters.append(text: setting.name)
      parameters.append(text: setting.value)
    }
    self.parameters = parameters
    self.setting = setting?.name
    statement = setting == nil ? Self.roleAlone : Self.roleAndSetting
  }

  // Qualified: nobody's search path decides what is called.
  private static let roleAlone = Statement("SELECT pg_catalog.set_config('role', $1, true)", parameterTypes: [25])
  private static let roleAndSetting = Statement(
    "SELECT pg_catalog.set_config($2, $3, true), pg_catalog.set_config('role', $1, true)", parameterTypes: [25, 25, 25])
}
