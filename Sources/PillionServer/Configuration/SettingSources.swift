import Configuration
import PillionSchema

/// Where settings may have values: defaults < file < environment < flags, as providers of swift-configuration.
///
/// They are asked here and not by a `ConfigReader`, which does not say whose value it found, and which writes what it is asked
/// to the file that CONFIG_ACCESS_LOG_FILE names. The file of settings is read by Pillion, which knows the line and column of
/// each key.
struct SettingSources {
  enum Source: CaseIterable {
    case flags, environment, file, defaults
  }

  private let providers: [(source: Source, provider: any ConfigProvider)]

  init(flags: [String: [String]], environment: [String: String], file: [String: [String]]) {
    // Set to nothing is as good as not set.
    let variables = environment.filter { !$0.value.isEmpty }
    let defaults = Setting.all.compactMap { setting in setting.defaultValue.map { (setting.path, [$0]) } }
    providers = [
      (.flags, Self.provider("flags", flags.filter { !$0.value.isEmpty })),
      (.environment, EnvironmentVariablesProvider(environmentVariables: variables)),
      (.file, Self.provider("file", file)),
      (.defaults, Self.provider("defaults", Dictionary(defaults) { first, _ in first })),
    ]
  }

  /// The value that counts and where it is from; nil: there is none.
  func value(of setting: Setting) -> (texts: [String], source: Source)? {
    for (source, provider) in providers {
      let found = try? provider.value(forKey: Self.key(setting), type: setting.isList ? .stringArray : .string)
      switch found?.value?.content {
      case .string(let text): return ([text], source)
      case .stringArray(let texts): return (texts.filter { !$0.isEmpty }, source)
      default: continue
      }
    }
    return nil
  }

  /// The first part makes the environment's names: `PILLION_DATABASE_URL`.
  private static func key(_ setting: Setting) -> AbsoluteConfigKey {
    AbsoluteConfigKey(["pillion"] + setting.path.split(separator: ".").map(String.init))
  }

  private static func provider(_ name: String, _ values: [String: [String]]) -> InMemoryProvider {
    var known: [AbsoluteConfigKey: ConfigValue] = [:]
    for setting in Setting.all {
      guard let texts = values[setting.path] else { continue }
      let content: ConfigContent? = setting.isList ? .stringArray(texts) : texts.first.map { .string($0) }
      known[key(setting)] = content.map { ConfigValue($0, isSecret: setting.isSecret) }
    }
    return InMemoryProvider(name: name, values: known)
  }
}
