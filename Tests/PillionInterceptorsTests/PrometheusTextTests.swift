import Testing

@testable import PillionInterceptors

@Suite struct PrometheusTextTests {
  @Test func families() {
    var page = PrometheusText()
    page.single("a_total", .counter, "Things.", 3)
    page.family("b", .gauge, "Others.")
    page.sample("b", [("x", "1"), ("y", "2")], 0.5)
    #expect(
      page.text == """
        # HELP a_total Things.
        # TYPE a_total counter
        a_total 3
        # HELP b Others.
        # TYPE b gauge
        b{x="1",y="2"} 0.5

        """)
  }

  @Test func labelValuesAreEscaped() {
    var page = PrometheusText()
    page.sample("a", [("x", "\"\\\nb")], 1)
    #expect(page.text == "a{x=\"\\\"\\\\\\nb\"} 1\n")
  }
}
