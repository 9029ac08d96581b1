/// A filter as written, before its names mean anything.
///
/// The grammar is AIP-160's (https://google.aip.dev/assets/misc/ebnf-filtering.txt).
indirect enum FilterSyntax {
  case all([FilterSyntax])
  case any([FilterSyntax])
  case not(FilterSyntax)
  case restriction(Restriction)

  /// A comparison, a function, or a name that stands alone.
  struct Restriction {
    var subject: Subject
    /// Nil where the subject stands alone.
    var comparison: (comparator: Comparator, argument: Argument, offset: Int)?
  }

  enum Subject {
    /// `author.name`
    case member([Name])
    /// `icontains(title, "x")`
    case call(Name, [Literal])
    /// `"New York"`
    case literal(Literal)
  }

  /// The right side of a comparison: one value, or several in parentheses.
  indirect enum Argument {
    case literal(Literal)
    case all([Argument])
    case any([Argument])
    case not(Argument)
    /// What is known of the caller: `claims.sub`. Only in row filters.
    case caller([Name])
  }

  struct Name {
    var text: String
    /// Bytes before it.
    var offset: Int
  }

  struct Literal {
    /// What stands between the wildcards; one part has none.
    var parts: [String]
    var isQuoted: Bool
    /// Bytes before it.
    var offset: Int

    var text: String { parts.count == 1 ? parts[0] : parts.joined(separator: "*") }
    var hasWildcard: Bool { parts.count > 1 }
    /// `*` alone: that there is a value.
    var isPresence: Bool { !isQuoted && parts == ["", ""] }
    var isNull: Bool { !isQuoted && parts == ["null"] }
  }
}

/// The raw value is the sign.
enum Comparator: String {
  case equal = "="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case has = ":"
}
