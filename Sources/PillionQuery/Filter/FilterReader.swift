package import PillionSchema
import Synchronization

/// Reads the filters that the requests of one service hold.
///
/// Clients send the same few filters with other values. So it keeps what comes of each outline, and puts the values in.
package final class FilterReader: Sendable {
  private let paths: PathResolver
  private let limits: FilterLimits
  private let templates = Mutex<[FilterOutline: FilterTemplate]>([:])
  /// Outlines that are kept; the cache starts afresh beyond it.
  private static let cacheLimit = 256
  /// Bytes of an outline that is kept.
  private static let maximumOutlineBytes = 1_024

  package init(paths: PathResolver, limits: FilterLimits) {
    self.paths = paths
    self.limits = limits
  }

  package convenience init(model: Model, schema: Schema, limits: FilterLimits = FilterLimits()) {
    self.init(paths: PathResolver(model: model, schema: schema, limits: limits), limits: limits)
  }

  /// What `Filter.parse` makes of the text; nil for one that says nothing.
  package func filter(_ text: String) throws(QueryError) -> Filter? {
    let bytes = text.utf8Span.span
    guard bytes.count <= limits.maximumBytes else { return try Filter.parse(text, paths, limits)?.filter }
    var values: [FilterOutline.Value] = []
    values.reserveCapacity(4)
    let outline = FilterOutline(bytes, values: &values)
    let known = templates.withLock { $0[outline] }
    if let known, let filter = known.filter(values, of: bytes) { return filter }
    guard let parsed = try Filter.parse(text, paths, limits) else { return nil }
    if known == nil, outline.bytes.count <= Self.maximumOutlineBytes,
      let template = FilterTemplate(parsed.filter, parsed.sources, of: values)
    {
      templates.withLock { templates in
        if templates.count >= Self.cacheLimit { templates.removeAll(keepingCapacity: true) }
        templates[outline] = template
      }
    }
    return parsed.filter
  }
}

/// What comes of all filters of one outline.
private final class FilterTemplate: Sendable {
  private enum Source {
    /// The same in all of them.
    case constant(FilterValue)
    /// A value that the outline has taken out, by its index.
    case value(Int, FilterForm)
  }

  private let shape: FilterShape
  /// Of the filter's values, in their order.
  private let sources: [Source]

  /// Nil where one of the values says more than what a test compares with.
  ///
  /// - Parameters:
  ///   - sources: of the values of one of the filters.
  ///   - values: what the outline has taken out of it.
  init?(_ filter: Filter, _ sources: [FilterResolver.Source?], of values: [FilterOutline.Value]) {
    var indices: [Int: Int] = [:]
    for (index, value) in values.enumerated() { indices[value.offset] = index }
    var used: Set<Int> = []
    self.sources = zip(filter.values, sources).map { value, source in
      guard let source, let index = indices[source.offset] else { return .constant(value) }
      used.insert(index)
      return .value(index, source.form)
    }
    shape = filter.shape
    if used.count < values.count { return nil }
  }

  /// Nil where a value is not what its test takes.
  func filter(_ values: [FilterOutline.Value], of text: Span<UInt8>) -> Filter? {
    var filter = Filter(shape, values: [])
    filter.values.reserveCapacity(sources.count)
    for source in sources {
      switch source {
      case .constant(let value): filter.values.append(value)
      case .value(let index, let form):
        let content = text.extracting(values[index].content)
          .withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        guard let value = form.value(of: content) else { return nil }
        filter.values.append(value)
      }
    }
    return filter
  }
}
