import PillionSchema
import PillionServer
import Testing

/// Names of tables and columns as names of models and fields.
@Suite struct InspectNamesTests {
  @Test(arguments: [
    ("categories", "category"), ("users", "user"), ("addresses", "address"), ("address", "address"),
    ("status", "status"),
    ("statuses", "status"), ("houses", "house"), ("causes", "cause"), ("people", "person"),
    ("salespeople", "salesperson"),
    ("children", "child"), ("grandchildren", "grandchild"), ("boxes", "box"), ("matches", "match"), ("caches", "cache"),
    ("movies", "movie"), ("ties", "tie"), ("heroes", "hero"), ("shoes", "shoe"), ("analyses", "analysis"),
    ("analysis", "analysis"), ("news", "news"), ("series", "series"), ("gps", "gps"), ("aliases", "alias"),
    ("wolves", "wolf"), ("valves", "valve"), ("women", "woman"), ("men", "man"), ("document", "document"),
    ("indices", "index"), ("buses", "bus"), ("bus", "bus"), ("cases", "case"), ("s", "s"), ("", ""),
  ])
  func singular(_ plural: String, _ singular: String) { #expect(Inflection.singular(plural) == singular) }

  @Test(arguments: [
    ("category", "categories"), ("day", "days"), ("tag", "tags"), ("tags", "tags"), ("box", "boxes"),
    ("person", "people"),
    ("child", "children"), ("news", "news"), ("status", "statuses"), ("match", "matches"),
  ])
  func plural(_ singular: String, _ plural: String) { #expect(Inflection.plural(singular) == plural) }

  @Test(arguments: [
    ("id", "id"), ("createdAt", "created_at"), ("userID", "user_id"), ("HTTPServer", "http_server"), ("ORDER", "order"),
    ("2B", "f_2b"), ("user id", "user_id"), ("Größe", "grosse"), ("_private_", "private"), ("a__b", "a_b"),
    ("naïve façade", "naive_facade"), ("Łódź", "lodz"), ("Ærø", "aero"), ("Straße", "strasse"),
    ("e\u{301}te\u{301}", "ete"),
    ("用户", "u7528_u6237"), ("имя", "u438_u43c_u44f"), ("%", "u25"), ("a-b.c/d", "a_b_c_d"), ("x😀", "x"), ("", ""),
  ])
  func fields(_ column: String, _ field: String) {
    #expect(Words.field(column) == field)
    #expect(field.isEmpty || Identifier.isLowerSnakeCase(Words.field(column)))
  }

  @Test(arguments: [
    ("blog_posts", "BlogPost"), ("BlogPosts", "BlogPost"), ("USERS", "User"), ("2024_reports", "T2024Report"),
    ("Größe", "Grosse"),
    ("用户", "U7528U6237"), ("order", "Order"), ("user_2fa", "User2fa"), ("news", "News"),
  ])
  func models(_ table: String, _ model: String) {
    #expect(Words.model(table) == model)
    #expect(Identifier.isUpperCamelCase(Words.model(table)))
  }

  @Test(arguments: [("app", "app"), ("2024-db", "db_2024_db"), ("My App", "my_app"), ("google", "db_google")])
  func packages(_ database: String, _ package: String) {
    #expect(Words.package(database) == package)
    #expect(Identifier.isPackageName(Words.package(database)))
  }

  /// Any name at all makes a legal one.
  @Test func everyNameIsLegal() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      var scalars = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let value = UInt32.random(in: 1...(Bool.random(using: &random) ? 0x7F : 0x1FFFF), using: &random)
        if let scalar = Unicode.Scalar(value) { scalars.append(scalar) }
      }
      let name = String(scalars)
      if name.isEmpty { continue }
      #expect(Identifier.isLowerSnakeCase(Words.field(name)), "\(name.debugDescription)")
      #expect(Identifier.isUpperCamelCase(Words.model(name)), "\(name.debugDescription)")
    }
  }
}
