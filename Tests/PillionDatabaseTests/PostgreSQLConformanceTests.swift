import Testing

@Suite struct PostgreSQLConformanceTests {
  @Test(arguments: DriverScenario.allCases)
  func server(_ scenario: DriverScenario) throws { try scenario.run(on: PostgreSQLFixture()) }
}
