import PillionPostgreSQL
import Testing

@Suite struct PostgreSQLConformanceTests {
  @Test(arguments: DriverScenario.allCases)
  func server(_ scenario: DriverScenario) throws { try scenario.run(on: PostgreSQLFixture()) }

  /// As behind a pooler: no statement has a name, and no session is changed.
  @Test(arguments: DriverScenario.allCases)
  func withoutASession(_ scenario: DriverScenario) throws {
    try scenario.run(on: PostgreSQLFixture { $0.hasSession = false })
  }
}
