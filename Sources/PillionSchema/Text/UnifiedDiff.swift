/// The difference of two texts as `diff -u` prints it, which `patch` and `git apply` understand.
package struct UnifiedDiff: Sendable {
  /// Lines around a change that stay as they are.
  private static let context = 3

  /// Empty if the texts are the same.
  package let text: String

  /// - Parameters:
  ///   - old: nil if there is no such text yet.
  ///   - path: what both are called.
  package init(from old: String?, to new: String, path: String) {
    let edits = Self.edits(from: Self.lines(old ?? ""), to: Self.lines(new))
    let hunks = Self.hunks(edits)
    guard !hunks.isEmpty || old == nil else {
      text = ""
      return
    }
    text = "--- \(old == nil ? "/dev/null" : path)\n+++ \(path)\n" + hunks.map { Self.print(edits[$0], edits) }.joined()
  }

  private enum Kind: String { case same = " ", removed = "-", added = "+" }

  private struct Edit {
    var kind: Kind
    /// With its line end.
    var line: Substring
    /// Lines of each text before this one.
    var oldLine: Int
    var newLine: Int
  }

  private static func lines(_ text: String) -> [Substring] {
    var lines: [Substring] = []
    var rest = text[...]
    while let end = rest.unicodeScalars.firstIndex(of: "\n") {
      let next = rest.unicodeScalars.index(after: end)
      lines.append(rest[..<next])
      rest = rest[next...]
    }
    if !rest.isEmpty { lines.append(rest) }
    return lines
  }

  private static func edits(from old: [Substring], to new: [Substring]) -> [Edit] {
    var removed: Set<Int> = []
    var added: Set<Int> = []
    for change in new.difference(from: old) {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): added.insert(offset)
      }
    }
    var edits: [Edit] = []
    var (oldLine, newLine) = (0, 0)
    while oldLine < old.count || newLine < new.count {
      if removed.contains(oldLine) {
        edits.append(Edit(kind: .removed, line: old[oldLine], oldLine: oldLine, newLine: newLine))
        oldLine += 1
      } else if newLine < new.count {
        let kind: Kind = added.contains(newLine) ? .added : .same
        edits.append(Edit(kind: kind, line: new[newLine], oldLine: oldLine, newLine: newLine))
        newLine += 1
        if kind == .same { oldLine += 1 }
      } else {
        break
      }
    }
    return edits
  }

  /// Runs of edits that are printed together.
  private static func hunks(_ edits: [Edit]) -> [Range<Int>] {
    var hunks: [Range<Int>] = []
    for index in edits.indices where edits[index].kind != .same {
      let range = max(0, index - context)..<min(edits.count, index + context + 1)
      if let last = hunks.last, range.lowerBound <= last.upperBound {
        hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
      } else {
        hunks.append(range)
      }
    }
    return hunks
  }

  private static func print(_ hunk: ArraySlice<Edit>, _ edits: [Edit]) -> String {
    guard let first = hunk.first else { return "" }
    func span(_ start: Int, without kind: Kind) -> String {
      let count = hunk.count { $0.kind != kind }
      // The line before an empty range, as diff counts.
      return "\(count == 0 ? start : start + 1),\(count)"
    }
    var text = "@@ -\(span(first.oldLine, without: .added)) +\(span(first.newLine, without: .removed)) @@\n"
    for edit in hunk {
      text += edit.kind.rawValue + edit.line
      if edit.line.unicodeScalars.last != "\n" { text += "\n\\ No newline at end of file\n" }
    }
    return text
  }
}
