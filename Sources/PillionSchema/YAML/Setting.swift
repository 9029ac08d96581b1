/// One key of the configuration: the only place that knows its name, its default and what it is for.
package struct Setting: Sendable {
  package enum Kind: String, Sendable {
    case text, path, url, urls, integer, bytes, duration, choice, address, addresses, permissions
    /// `true` or `false`.
    case flag
    /// `100/s`
    case rate
    /// A list of texts.
    case texts
    /// Keys of the user's own, and a text for each.
    case mapping
    /// A list of mappings with keys of their own, `items`.
    case list
  }

  /// As in `pillion.yaml`, sections joined by dots; of an interceptor's settings, below its name.
  package var path: String
  package var kind: Kind
  /// As it would be written; nil: none.
  package var defaultValue: String?
  package var summary: String
  /// Allowed values of a choice.
  package var choices: [String] = []
  /// Never printed.
  package var isSecret = false
  /// Whether a change counts without a restart: of the file that the setting names.
  package var isReloadable = false
  /// The keys of a list's mappings.
  package var items: [Setting] = []

  package init(
    path: String, kind: Kind, defaultValue: String? = nil, summary: String, choices: [String] = [],
    isSecret: Bool = false, isReloadable: Bool = false, items: [Setting] = []
  ) {
    self.path = path
    self.kind = kind
    self.defaultValue = defaultValue
    self.summary = summary
    self.choices = choices
    self.isSecret = isSecret
    self.isReloadable = isReloadable
    self.items = items
  }

  /// `PILLION_SERVER_LISTEN`.
  package var environmentName: String { Self.environmentName(path) }

  package static func environmentName(_ path: String) -> String {
    "PILLION_" + path.uppercased().split(separator: ".", omittingEmptySubsequences: false).joined(separator: "_")
  }

  /// Whether it is a list of texts; elsewhere than in the file, with commas in between.
  package var isList: Bool { kind == .addresses || kind == .urls }

  /// Whether the value is one text, and so may come from the environment.
  package var isScalar: Bool {
    switch kind {
    case .addresses, .urls, .texts, .mapping, .list: false
    default: true
    }
  }
}
