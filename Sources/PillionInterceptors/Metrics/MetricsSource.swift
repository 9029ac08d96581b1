/// Something with numbers of its own for the page of metrics.
package protocol MetricsSource: Sendable {
  func append(to page: inout PrometheusText)
}
