import PillionSchema
import Testing

@Suite struct TextFormsTests {
  @Test(arguments: [
    ("1970-01-01", 0), ("0001-01-01", -719_162), ("9999-12-31", 2_932_896), ("2000-02-29", 11_016), ("1969-12-31", -1),
    ("1900-03-01", -25_508), ("2024-12-31", 20_088),
  ])
  func dates(_ text: String, _ days: Int) throws {
    let date = try #require(CalendarDate(iso8601: text))
    #expect(date.daysSinceEpoch == days)
    #expect(CalendarDate(daysSinceEpoch: days) == date)
    #expect(date.description == text)
  }

  @Test func everyDayComesBack() {
    var last: CalendarDate?
    for days in stride(from: -719_162, through: 2_932_896, by: 1) {
      let date = CalendarDate(daysSinceEpoch: days)
      guard let date, date.daysSinceEpoch == days, last.map({ $0 < date }) ?? true else {
        Issue.record("day \(days)")
        return
      }
      last = date
    }
    #expect(CalendarDate(daysSinceEpoch: -719_163) == nil)
    #expect(CalendarDate(daysSinceEpoch: 2_932_897) == nil)
    #expect(CalendarDate(daysSinceEpoch: .min) == nil)
    #expect(CalendarDate(daysSinceEpoch: .max) == nil)
  }

  @Test(arguments: [
    "", "2024", "2024-1-01", "2024-01-1", "2024-00-01", "2024-13-01", "2024-01-00", "2024-04-31", "2023-02-29",
    "1900-02-29", "0000-01-01", "2024-01-01 ", " 2024-01-01", "+2024-01-01", "2024/01/01", "20240101", "２024-01-01",
    "2024-01-01T00:00:00Z", "99999-01-01",
  ])
  func noDates(_ text: String) { #expect(CalendarDate(iso8601: text) == nil) }

  @Test(arguments: [
    ("00:00", "00:00:00"), ("23:59:59", "23:59:59"), ("12:30:00.5", "12:30:00.500"),
    ("12:30:00.123456", "12:30:00.123456"),
    ("12:30:00.000000001", "12:30:00.000000001"), ("12:30:00.000", "12:30:00"),
  ])
  func times(_ text: String, _ canonical: String) { #expect(TimeOfDay(iso8601: text)?.description == canonical) }

  @Test(arguments: [
    "", "24:00", "12:60", "12:30:60", "12", "1:30", "12:30:", "12:30:00.", "12:30:00.1234567891", "12:30Z",
    "12:30:00+01:00",
    "-1:00", "12.30",
  ])
  func noTimes(_ text: String) { #expect(TimeOfDay(iso8601: text) == nil) }

  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z"),
    ("1969-12-31t23:59:59.9z", -1, 900_000_000, "1969-12-31T23:59:59.900Z"),
    ("2024-02-29T12:00:00+02:00", 1_709_200_800, 0, "2024-02-29T10:00:00Z"),
    ("2024-02-29T00:30:00.000001-23:59", 1_709_252_940, 1_000, "2024-03-01T00:29:00.000001Z"),
    ("0001-01-01T00:00:00Z", -62_135_596_800, 0, "0001-01-01T00:00:00Z"),
    ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
  ])
  func instants(_ text: String, _ seconds: Int64, _ nanoseconds: Int32, _ canonical: String) throws {
    let instant = try #require(Instant(rfc3339: text))
    #expect(instant.seconds == seconds)
    #expect(instant.nanoseconds == nanoseconds)
    #expect(instant.description == canonical)
    #expect(Instant(rfc3339: canonical) == instant)
  }

  @Test(arguments: [
    "", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01 00:00:00Z", "2024-01-01T00:00Z", "2024-01-01T00:00:60Z",
    "2024-01-01T24:00:00Z", "2024-01-01T00:00:00+0100", "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+01:60",
    "2024-01-01T00:00:00ZZ", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2024-01-01T00:00:00.Z",
  ])
  func noInstants(_ text: String) { #expect(Instant(rfc3339: text) == nil) }

  @Test(arguments: [
    ("PT0S", 0, 0, "PT0S"), ("P1D", 86_400, 0, "P1D"), ("P1DT2H3M4.5S", 93_784, 500_000_000, "P1DT2H3M4.500S"),
    ("-PT0.000000001S", 0, -1, "-PT0.000000001S"), ("-P1DT1S", -86_401, 0, "-P1DT1S"), ("+PT90M", 5_400, 0, "PT1H30M"),
    ("PT36H", 129_600, 0, "P1DT12H"), ("P3652500D", 315_576_000_000, 0, "P3652500D"), ("P0D", 0, 0, "PT0S"),
  ])
  func spans(_ text: String, _ seconds: Int64, _ nanoseconds: Int32, _ canonical: String) throws {
    let span = try #require(TimeSpan(iso8601: text))
    #expect(span.seconds == seconds)
    #expect(span.nanoseconds == nanoseconds)
    #expect(span.description == canonical)
    #expect(TimeSpan(iso8601: canonical) == span)
  }

  @Test(arguments: [
    "", "P", "PT", "P1DT", "1D", "P1Y", "P1M", "P1W", "P1.5D", "PT1.5H", "PT1S1M", "PT1M1H", "P1H", "PT1D", "p1d",
    "PT1", "PT.5S",
    "PT1.S", "P-1D", "PT99999999999999999999S", "P9223372036854775807D", "P3652500DT1S", "PT1.1234567890S", "P1D ",
  ])
  func noSpans(_ text: String) { #expect(TimeSpan(iso8601: text) == nil) }

  @Test(arguments: [
    ("0", "0"), ("-0", "0"), ("-0.00", "0.00"), ("+1.50", "1.50"), ("007.10", "7.10"), ("-12", "-12"),
    ("123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
  ])
  func decimals(_ text: String, _ canonical: String) { #expect(DecimalText(text)?.description == canonical) }

  @Test(arguments: ["", "-", ".", "1.", ".5", "1e3", "1,5", "0x1", "NaN", "1 ", "--1", "1.2.3", "１", "+", "1.-2", "∞"])
  func noDecimals(_ text: String) { #expect(DecimalText(text) == nil) }

  @Test func decimalsAreInOrder() throws {
    let rising = [
      "-100", "-99.9", "-1.01", "-1", "-0.5", "0", "0.001", "0.01", "0.1", "1", "1.000001", "9", "10", "99.9",
    ]
    let values = try rising.map { try #require(DecimalText($0)) }
    for (left, one) in values.enumerated() {
      for (right, other) in values.enumerated() { #expect((one < other) == (left < right), "\(one) \(other)") }
    }
    let (short, long) = (try #require(DecimalText("1.5")), try #require(DecimalText("1.500")))
    #expect(!(short < long) && !(long < short))
  }

  @Test func uuids() {
    let canonical = "123e4567-e89b-12d3-a456-426614174000"
    #expect(UUIDText.canonical(canonical) == canonical)
    #expect(UUIDText.canonical("123E4567-E89B-12D3-A456-426614174000") == canonical)
    #expect(UUIDText.canonical("123e4567e89b12d3a456426614174000") == canonical)
    for wrong in [
      "", "123e4567-e89b-12d3-a456-42661417400", "123e4567-e89b-12d3-a456-42661417400g", "{\(canonical)}",
      "123e4567-e89b-12d3-a4564-26614174000", "123e4567e89b-12d3-a456-426614174000", "urn:uuid:\(canonical)",
    ] { #expect(UUIDText.canonical(wrong) == nil) }
  }

  @Test func base64() {
    #expect(Base64Text.bytes("") == [])
    #expect(Base64Text.bytes("AA==") == [0])
    #expect(Base64Text.bytes("aGk=") == [0x68, 0x69])
    #expect(Base64Text.bytes("+/+/") == [0xFB, 0xFF, 0xBF])
    #expect(Base64Text.bytes("/////w==") == [255, 255, 255, 255])
    for wrong in ["A", "AA", "AAA", "A===", "====", "AB==", "AA=A", "AA==AAAA", "a-_a", "aGk"] {
      #expect(Base64Text.bytes(wrong) == nil, "\(wrong)")
    }
  }

  @Test func names() {
    #expect(Identifier.snakeCase("BlogPost") == "blog_post")
    #expect(Identifier.snakeCase("HTTPServer") == "http_server")
    #expect(Identifier.snakeCase("Address2Line") == "address2_line")
    #expect(Identifier.snakeCase("A") == "a")
    #expect(Identifier.snakeCase("ABTest") == "ab_test")
    #expect(Identifier.upperCamelCase("blog-post_2") == "BlogPost2")
    #expect(Identifier.upperCamelCase("2nd post") == "NdPost")
    #expect(Identifier.upperCamelCase("日本") == "")
    #expect(Identifier.lowerSnakeCase(near: "userName") == "user_name")
    #expect(Identifier.lowerSnakeCase(near: "1-User Name") == "user_name")
    #expect(Identifier.isPackageName("a.b_c.v1"))
    for wrong in ["", ".", "a.", ".a", "a..b", "A", "a.1b", "a-b", "é"] { #expect(!Identifier.isPackageName(wrong)) }
    #expect(!Identifier.isUpperCamelCase("blog") && !Identifier.isUpperCamelCase("Blog_Post"))
    #expect(
      !Identifier.isLowerSnakeCase("_a") && !Identifier.isLowerSnakeCase("aB") && !Identifier.isLowerSnakeCase(""))
  }
}
