import PillionDatabase
import Testing

/// What EXPLAIN says, as both databases print it.
@Suite struct ExplainedPlanTests {
  @Test(arguments: [
    (["SEARCH t USING INDEX item_title (title=?)"], false),
    (["SEARCH t USING INTEGER PRIMARY KEY (rowid>?)"], false),
    (["MULTI-INDEX OR", "INDEX 1", "SEARCH t USING INDEX a (a=?)", "INDEX 2", "SEARCH t USING INDEX b (b=?)"], false),
    (
      ["SEARCH t USING INDEX item_maker (maker_id=?)", "LIST SUBQUERY 1", "SEARCH r1 USING COVERING INDEX n (name=?)"],
      false
    ),
    (["SEARCH t USING INDEX item_maker (maker_id=?)", "LIST SUBQUERY 1", "SCAN r1"], true),
    (["SCAN t"], true), (["SCAN t USING COVERING INDEX item_title"], true),
    (["SCAN t USING INDEX only_published"], false),
    (["SEARCH t USING AUTOMATIC COVERING INDEX (a=?)"], true), (["SCAN CONSTANT ROW"], false),
    (["SEARCH t USING INDEX a (a=?)", "CORRELATED SCALAR SUBQUERY 1", "SCAN e VIRTUAL TABLE INDEX 1:"], false),
  ])
  func sqliteReads(lines: [String], whole: Bool) {
    #expect(ExplainedPlan(.sqlite, lines: lines).readsWhole == whole)
  }

  @Test(arguments: [
    (["Index Scan using item_title on item t", "  Index Cond: (title = $1)", "  Filter: (weight > $2)"], false),
    (["Index Scan using item_title on item t", "  Index Cond: ((title)::text = $1)"], false),
    (["Index Scan using item_size_weight on item t", "  Index Cond: ((size > $1) AND (weight = $2))"], false),
    // All of the index is read.
    (["Index Scan using item_size_weight on item t", "  Index Cond: (weight = $1)"], true),
    (["Index Scan using item_size_weight on item t", "  Index Cond: (resize = $1)"], true),
    (["Index Scan Backward using \"odd \"\"name\" on item t", "  Index Cond: (weight = $1)"], true),
    (["Index Scan using a_gin_index on item t", "  Index Cond: (words @> $1)"], false),
    (["Seq Scan on item t", "  Filter: (weight = $1)"], true),
    (["Index Scan using item_pkey on item t", "  Filter: (weight = $1)"], true),
    (["Index Scan using only_published on item t"], false),
    (
      [
        "Bitmap Heap Scan on item t", "  Recheck Cond: ((size = $1) OR (title = $2))", "  ->  BitmapOr",
        "        ->  Bitmap Index Scan on item_size_weight", "              Index Cond: (size = $1)",
        "        ->  Bitmap Index Scan on item_title", "              Index Cond: (title = $2)",
      ], false
    ),
    (["Foreign Scan on item t"], true), (["Result", "  One-Time Filter: false"], false),
  ])
  func postgreSQLReads(lines: [String], whole: Bool) {
    let leading = ["item_title": "title", "item_size_weight": "size", "odd \"name": "size", "item_pkey": "id"]
    #expect(ExplainedPlan(.postgresql, lines: lines, leading: leading).readsWhole == whole)
  }

  @Test func sorts() {
    #expect(ExplainedPlan(.sqlite, lines: ["SCAN t", "USE TEMP B-TREE FOR ORDER BY"]).sorts)
    #expect(
      !ExplainedPlan(.sqlite, lines: ["SCAN t USING INDEX a", "USE TEMP B-TREE FOR LAST TERM OF ORDER BY"]).sorts)
    let sorted = ["Sort", "  Sort Key: weight", "  ->  Seq Scan on item t"]
    #expect(ExplainedPlan(.postgresql, lines: sorted).sorts)
    let incremental = ["Incremental Sort", "  Sort Key: weight, id", "  Presorted Key: weight"]
    #expect(!ExplainedPlan(.postgresql, lines: incremental).sorts)
  }
}
