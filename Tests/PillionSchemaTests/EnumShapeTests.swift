import PillionSchema
import Testing

/// Names and numbers of enums.
struct EnumShapeTests {
  @Test(
    "names of values",
    arguments: [
      ("de", "POST_KIND_DE"), ("dark-green", "POST_KIND_DARK_GREEN"), ("Sea Blue", "POST_KIND_SEA_BLUE"),
      ("seaBlue", "POST_KIND_SEA_BLUE"), ("2nd", "POST_KIND_2ND"), ("größe", "POST_KIND_GR_E"), ("", nil), ("–", nil),
    ])
  func names(text: String, name: String?) {
    #expect(EnumShape.name(of: .text(text), in: "PostKind") == name)
  }

  @Test("names of numbers")
  func numbers() {
    #expect(EnumShape.name(of: .int(7), in: "PostKind") == "POST_KIND_7")
    #expect(EnumShape.name(of: .int(-7), in: "PostKind") == "POST_KIND_MINUS_7")
    #expect(EnumShape.name(of: .int(.min), in: "PostKind") == "POST_KIND_MINUS_9223372036854775808")
  }

  @Test("values take the numbers that the lock knows, and new ones the next")
  func shape() throws {
    let yaml = """
      package: blog
      models:
        Post:
          fields:
            id: { type: int64, primary_key: true }
            language: { type: string, choices: [en, de, sv], enum: true, null: true }
      """
    let (loaded, diagnostics) = SchemaLoader.load(files: [("blog.yaml", yaml)])
    let model = try #require(loaded?.models.first, "\(diagnostics)")
    var numbers = FieldNumbers(assigned: ["blog.PostLanguage": ["POST_LANGUAGE_DE": 4]])
    let shape = ServiceShape(model: model, numbers: &numbers)
    let field = try #require(shape.message(.partialUpdate)?.fields.first { $0.name == "language" })
    let enumeration = try #require(field.enumeration)
    #expect(field.type == .nullable(.scalar(.int32)), "the bytes are those of an int32")
    #expect(enumeration.name == "PostLanguage" && enumeration.zeroName == "POST_LANGUAGE_UNSPECIFIED")
    #expect(
      enumeration.values.map { "\($0.name) \($0.number)" } == [
        "POST_LANGUAGE_EN 5", "POST_LANGUAGE_DE 4", "POST_LANGUAGE_SV 6",
      ])
    #expect(enumeration.choice(4) == .text("de") && enumeration.choice(0) == nil && enumeration.choice(9) == nil)
  }
}
