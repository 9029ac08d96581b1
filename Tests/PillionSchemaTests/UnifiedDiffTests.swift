import PillionSchema
import Testing

/// Differences as `patch` reads them.
struct UnifiedDiffTests {
  private func diff(_ old: String?, _ new: String) -> String { UnifiedDiff(from: old, to: new, path: "a.txt").text }

  @Test("the same text has no difference")
  func same() {
    #expect(diff("a\nb\n", "a\nb\n") == "")
    #expect(diff("", "") == "")
  }

  @Test("a changed line with three lines around it")
  func change() {
    #expect(
      diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n")
        == "--- a.txt\n+++ a.txt\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n")
  }

  @Test("changes that are near are one hunk, those that are far are two")
  func hunks() {
    let old = (1...30).map { "\($0)\n" }
    var near = old
    near[9] = "x\n"
    near[15] = "y\n"
    #expect(diff(old.joined(), near.joined()).split(separator: "\n").count { $0.hasPrefix("@@") } == 1)
    var far = old
    far[4] = "x\n"
    far[20] = "y\n"
    #expect(
      diff(old.joined(), far.joined()).split(separator: "\n").filter { $0.hasPrefix("@@") } == [
        "@@ -2,7 +2,7 @@", "@@ -18,7 +18,7 @@",
      ])
  }

  @Test("a new text, and one that becomes empty")
  func ends() {
    #expect(diff(nil, "a\n") == "--- /dev/null\n+++ a.txt\n@@ -0,0 +1,1 @@\n+a\n")
    #expect(diff("a\n", "") == "--- a.txt\n+++ a.txt\n@@ -1,1 +0,0 @@\n-a\n")
    #expect(diff(nil, "") == "--- /dev/null\n+++ a.txt\n")
  }

  @Test("a last line without its end is told from one with it")
  func lineEnds() {
    #expect(
      diff("a\nb", "a\nb\n") == "--- a.txt\n+++ a.txt\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n")
    #expect(diff("a\r\n", "a\n") == "--- a.txt\n+++ a.txt\n@@ -1,1 +1,1 @@\n-a\r\n+a\n")
  }
}
