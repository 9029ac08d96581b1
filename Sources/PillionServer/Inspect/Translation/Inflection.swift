/// Singular and plural of English words in lower case, as far as names of tables need them.
package enum Inflection {
  /// `categories` → `category`; a word that is no plural stays.
  package static func singular(_ word: String) -> String {
    if let known = plurals[word] { return known }
    if let ending = endings.first(where: { word.hasSuffix($0) }), let known = plurals[ending] {
      return word.dropLast(ending.count) + known
    }
    if unchanged.contains(word) || word.count < 4 || !word.hasSuffix("s") { return word }
    for ending in ["ss", "us", "is"] where word.hasSuffix(ending) { return word }
    if word.hasSuffix("ies") { return word.count == 4 ? String(word.dropLast()) : word.dropLast(3) + "y" }
    for ending in ["sses", "shes", "ches", "xes", "zzes", "oes", "uses"] where word.hasSuffix(ending) {
      if ending == "uses", !latin.contains(where: { word.hasSuffix($0) }) { break }
      return String(word.dropLast(2))
    }
    return String(word.dropLast())
  }

  /// `category` → `categories`; a word that is a plural stays.
  package static func plural(_ word: String) -> String {
    if singular(word) != word || unchanged.contains(word) { return word }
    if let irregular = plurals.filter({ $0.value == word }).keys.min() { return irregular }
    if word.hasSuffix("y"), let before = word.dropLast().last, !"aeiou".contains(before) {
      return word.dropLast() + "ies"
    }
    for ending in ["s", "x", "z", "ch", "sh"] where word.hasSuffix(ending) { return word + "es" }
    return word + "s"
  }

  private static let plurals = [
    "people": "person", "children": "child", "men": "man", "women": "woman", "mice": "mouse", "geese": "goose",
    "feet": "foot", "teeth": "tooth", "oxen": "ox", "criteria": "criterion", "phenomena": "phenomenon",
    "quizzes": "quiz", "matrices": "matrix", "vertices": "vertex", "indices": "index", "appendices": "appendix",
    "movies": "movie", "cookies": "cookie", "zombies": "zombie", "calories": "calorie", "selfies": "selfie",
    "caches": "cache", "niches": "niche", "headaches": "headache", "axes": "axis", "shoes": "shoe", "canoes": "canoe",
    "analyses": "analysis", "crises": "crisis", "theses": "thesis", "hypotheses": "hypothesis",
    "diagnoses": "diagnosis", "synopses": "synopsis", "parentheses": "parenthesis", "emphases": "emphasis",
    "aliases": "alias", "biases": "bias", "gases": "gas", "canvases": "canvas", "atlases": "atlas", "lenses": "lens",
    "wolves": "wolf", "halves": "half", "shelves": "shelf", "selves": "self", "leaves": "leaf", "thieves": "thief",
    "knives": "knife", "lives": "life", "wives": "wife", "loaves": "loaf", "scarves": "scarf",
  ]
  /// Plurals that end longer words too.
  private static let endings = [
    "people", "children", "women", "indices", "matrices", "movies", "cookies", "caches", "aliases", "shelves", "knives",
    "quizzes", "criteria",
  ]
  /// Words whose singular ends in `us`.
  private static let latin = [
    "statuses", "viruses", "bonuses", "buses", "campuses", "censuses", "focuses", "choruses", "surpluses", "corpuses",
    "nexuses", "radiuses",
  ]
  private static let unchanged: Set<String> = [
    "series", "species", "news", "equipment", "information", "rice", "money", "fish", "sheep", "jeans", "police",
    "metadata", "data", "media", "bus", "gas", "lens", "canvas", "alias", "bias", "atlas", "plus", "gps", "dns", "sms",
    "css", "js", "tls", "https", "os", "aws", "cms", "pos", "rss", "yes", "ops", "sales", "goods", "settings",
    "preferences", "statistics", "stats", "analytics", "credentials", "always", "address", "process", "access",
  ]
}
