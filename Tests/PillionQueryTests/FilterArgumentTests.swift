import PillionQuery
import PillionSchema
import Testing

/// Filters with placeholders, whose values are code's.
@Suite struct FilterArgumentTests {
  private func filter(_ text: String, _ values: ClaimValue...) throws -> Filter? {
    let schema = try RowFilterTests.schema()
    let model = try #require(schema.models.first { $0.name == "Post" })
    return try Filter.parse(text, arguments: values, model: model, schema: schema)
  }

  /// The same filter with its values written out.
  private func literal(_ text: String) throws -> Filter? {
    let schema = try RowFilterTests.schema()
    let model = try #require(schema.models.first { $0.name == "Post" })
    return try Filter.parse(text, model: model, schema: schema, limits: FilterLimits(), isTrusted: true)
  }

  private func problem(_ text: String, _ values: ClaimValue...) throws -> String? {
    let schema = try RowFilterTests.schema()
    let model = try #require(schema.models.first { $0.name == "Post" })
    do throws(QueryError) {
      _ = try Filter.parse(text, arguments: values, model: model, schema: schema)
      return nil
    } catch {
      return "\(error.position): \(error.message)"
    }
  }

  @Test func aValueMeansWhatItsLiteralMeans() throws {
    #expect(try filter("id = $1", .int(7)) == literal("id = 7"))
    #expect(
      try filter("title = $1 AND published = $2", .string("a"), .bool(true))
        == literal(#"title = "a" AND published = true"#))
    #expect(try filter("price > $1", .double(1.5)) == literal("price > 1.5"))
    #expect(try filter("price = $1 OR price != $1", .null) == literal("price = null OR price != null"))
    #expect(try filter("author.org = $1", .string("x")) == literal(#"author.org = "x""#))
    #expect(try filter("icontains(title, $1)", .string("b*")) == literal(#"icontains(title, "b\*")"#))
    #expect(try filter("range(id, $2, $1)", .int(9), .int(1)) == literal("range(id, 1, 9)"))
    #expect(try filter("tags:$1", .int(3)) == literal("tags:3"))
    #expect(try filter("NOT title = $1", .string("a")) == literal(#"NOT title = "a""#))
    #expect(try filter("id = ($1 OR $2)", .int(1), .int(2)) == literal("id = (1 OR 2)"))
    #expect(try filter("  ") == nil)
  }

  /// Whatever a client sends as a value is a value.
  @Test(arguments: ["*", "a*", "null", "$1", #"" OR id > 0 OR title = ""#, "'", "\\", "true"])
  func textIsTextAlone(_ text: String) throws {
    let filter = try #require(try filter("title = $1", .string(text)))
    #expect(filter.predicate == (try literal(#"title = "a""#))?.predicate)
    #expect(filter.values == [.value(.text(text))])
  }

  @Test func oneOfAList() throws {
    #expect(try filter("id = $1", .array([.int(1), .int(2), .int(3)])) == literal("id = (1 OR 2 OR 3)"))
    #expect(try filter("id = $1", .array([.int(1)])) == literal("id = 1"))
    #expect(try filter("id = $1", .array([])) == Filter(predicate: .any([]), values: []))
    #expect(try filter("tags:$1", .array([.int(1), .int(2)])) == literal("tags:(1 OR 2)"))
    #expect(try filter("NOT id = $1", .array([])) == Filter(predicate: .not(.any([])), values: []))
    // More than a filter's text may have terms.
    let many = try #require(try filter("id = $1", .array((0..<1000).map { .int($0) })))
    #expect(many.values.count == 1024)
  }

  @Test func whatDoesNotFit() throws {
    #expect(try problem("id = $1") == "6: `$1` has no value; there are 0")
    #expect(try problem("id = $2", .int(1)) == "6: `$2` has no value; there are 1")
    #expect(try problem("id = $0", .int(1)) == "6: `$0` has no value; there are 1")
    #expect(try problem("id = $x", .int(1)) == "6: `$x` has no value; there are 1")
    #expect(try problem("id = 1", .int(1)) == "1: there is a value for `$1`, which the filter does not have")
    #expect(try problem("", .int(1)) == "1: there is a value for `$1`, which the filter does not have")
    #expect(try problem("id = $1", .string("one"))?.hasPrefix("6: expected ") == true)
    #expect(try problem("price = $1", .double(.infinity)) == "9: expected a finite number")
    #expect(try problem("id > $1", .array([.int(1), .int(2)]))?.contains("takes one value") == true)
    #expect(try problem("icontains(title, $1)", .array([.string("a")])) == "18: expected one value, found several")
    #expect(try problem("id = (1 OR $1)", .array([])) == "12: expected 1 to 16384 values, found 0")
    #expect(try problem("id > $1", .array([])) == "6: expected 1 to 16384 values, found 0")
    #expect(try problem("nobody = $1", .int(1))?.hasPrefix("1: `nobody` is not a field") == true)
  }

  /// A client's filter has no values beside it.
  @Test func clientsHaveNoPlaceholders() throws {
    let schema = try RowFilterTests.schema()
    let model = try #require(schema.models.first { $0.name == "Post" })
    let filter = try Filter.parse("title = $1", model: model, schema: schema, limits: FilterLimits())
    #expect(filter?.values == [.value(.text("$1"))])
  }
}
