/// Finds what was probably meant by a name that is not known.
package enum Suggestion {
  /// `did you mean 'title'?` if one of `names` is near `name`, else the whole list if it is short, else nil.
  package static func of(_ name: String, among names: some Sequence<String>, listing: Bool = true) -> String? {
    let names = Array(names)
    if let nearest = nearest(name, among: names) { return "did you mean '\(nearest)'?" }
    guard listing, !names.isEmpty, names.count <= 24 else { return nil }
    return names.count == 1 ? "there is only '\(names[0])'" : "known: \(names.joined(separator: ", "))"
  }

  /// The name with the fewest edits, at most a third of its length and one for short names; the first of equals.
  static func nearest(_ name: String, among names: [String]) -> String? {
    let wanted = Array(name.lowercased().unicodeScalars)
    guard wanted.count <= 100 else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in names {
      let scalars = Array(candidate.lowercased().unicodeScalars)
      let limit = max(1, max(wanted.count, scalars.count) / 3)
      guard abs(scalars.count - wanted.count) <= limit else { continue }
      let distance = distance(wanted, scalars)
      if distance <= limit, distance < scalars.count, best.map({ distance < $0.distance }) ?? true {
        best = (candidate, distance)
      }
    }
    return best?.name
  }

  /// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
  static func distance(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar]) -> Int {
    if one.isEmpty || other.isEmpty { return max(one.count, other.count) }
    var beforeLast = [Int](repeating: 0, count: other.count + 1)
    var last = Array(0...other.count)
    for row in 1...one.count {
      var current = [row] + [Int](repeating: 0, count: other.count)
      for column in 1...other.count {
        let isSame = one[row - 1] == other[column - 1]
        var cost = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (isSame ? 0 : 1))
        if row > 1, column > 1, one[row - 1] == other[column - 2], one[row - 2] == other[column - 1] {
          cost = min(cost, beforeLast[column - 2] + 1)
        }
        current[column] = cost
      }
      (beforeLast, last) = (last, current)
    }
    return last[other.count]
  }
}
