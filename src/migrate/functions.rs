//! The functions that Go templates call, and what they are called here.

use super::kind::Kind::{self, Any, Bool, Float, Labels, Span, Text, Time, Whole};

/// A function whose helper takes the same arguments in the same order.
pub(super) struct Function {
    /// The helper.
    pub helper: &'static str,
    /// How few and how many arguments it takes.
    pub arguments: (usize, usize),
    /// What it makes.
    pub makes: Makes,
}

/// What a function makes.
#[derive(Clone)]
pub(super) enum Makes {
    /// This.
    Kind(Kind),
    /// A list of texts.
    Texts,
    /// Whatever its first argument is.
    Like,
    /// An element of its only argument.
    Element,
    /// Whatever all its arguments are, if they are one kind.
    Either,
}

const MANY: usize = usize::MAX;

/// The functions by their names in Go, the helpers where they have other ones.
#[rustfmt::skip]
const FUNCTIONS: &[(&str, &str, (usize, usize), Makes)] = &[
    // Go's own
    ("len", "", (1, 1), Makes::Kind(Whole)),
    ("not", "", (1, 1), Makes::Kind(Bool)),
    ("and", "", (1, MANY), Makes::Either), ("or", "", (1, MANY), Makes::Either),
    ("eq", "", (2, MANY), Makes::Kind(Bool)), ("ne", "", (2, 2), Makes::Kind(Bool)),
    ("lt", "", (2, 2), Makes::Kind(Bool)), ("le", "", (2, 2), Makes::Kind(Bool)),
    ("gt", "", (2, 2), Makes::Kind(Bool)), ("ge", "", (2, 2), Makes::Kind(Bool)),
    ("html", "", (1, MANY), Makes::Kind(Text)), ("js", "", (1, MANY), Makes::Kind(Text)), ("urlquery", "", (1, MANY), Makes::Kind(Text)),
    // The incumbent's, and Alertmanager's
    ("toUpper", "", (1, 1), Makes::Kind(Text)), ("toLower", "", (1, 1), Makes::Kind(Text)),
    ("markdown", "", (1, 1), Makes::Kind(Text)), ("trimSpace", "", (1, 1), Makes::Kind(Text)),
    ("join", "", (2, 2), Makes::Kind(Text)), ("match", "", (2, 2), Makes::Kind(Bool)),
    ("reReplaceAll", "", (3, 3), Makes::Kind(Text)), ("safeHtml", "", (1, 1), Makes::Kind(Text)),
    ("safeUrl", "", (1, 1), Makes::Kind(Text)), ("urlUnescape", "", (1, 1), Makes::Kind(Text)),
    ("stringSlice", "", (0, MANY), Makes::Texts), ("tz", "", (2, 2), Makes::Kind(Time)), ("now", "", (0, 0), Makes::Kind(Time)),
    ("since", "", (1, 1), Makes::Kind(Span)), ("toDate", "", (2, 2), Makes::Kind(Time)), ("mustToDate", "", (2, 2), Makes::Kind(Time)),
    ("toJson", "", (1, 1), Makes::Kind(Text)), ("base64encode", "", (1, 1), Makes::Kind(Text)), ("base64decode", "", (1, 1), Makes::Kind(Text)),
    ("routeLabels", "", (1, 1), Makes::Kind(Text)),
    // sprig's, of texts
    ("upper", "", (1, 1), Makes::Kind(Text)), ("lower", "", (1, 1), Makes::Kind(Text)), ("title", "capitalize", (1, 1), Makes::Kind(Text)),
    ("untitle", "", (1, 1), Makes::Kind(Text)), ("swapcase", "", (1, 1), Makes::Kind(Text)), ("initials", "", (1, 1), Makes::Kind(Text)),
    ("camelcase", "", (1, 1), Makes::Kind(Text)), ("snakecase", "", (1, 1), Makes::Kind(Text)), ("kebabcase", "", (1, 1), Makes::Kind(Text)),
    ("trim", "", (1, 1), Makes::Kind(Text)), ("trimAll", "", (2, 2), Makes::Kind(Text)), ("trimall", "trimAll", (2, 2), Makes::Kind(Text)),
    ("trimPrefix", "", (2, 2), Makes::Kind(Text)), ("trimSuffix", "", (2, 2), Makes::Kind(Text)), ("replace", "", (3, 3), Makes::Kind(Text)),
    ("repeat", "", (2, 2), Makes::Kind(Text)), ("substr", "", (3, 3), Makes::Kind(Text)), ("trunc", "", (2, 2), Makes::Kind(Text)),
    ("abbrev", "", (2, 2), Makes::Kind(Text)), ("nospace", "", (1, 1), Makes::Kind(Text)), ("quote", "", (0, MANY), Makes::Kind(Text)),
    ("squote", "", (0, MANY), Makes::Kind(Text)), ("cat", "", (0, MANY), Makes::Kind(Text)), ("indent", "", (2, 2), Makes::Kind(Text)),
    ("nindent", "", (2, 2), Makes::Kind(Text)), ("wrap", "", (2, 2), Makes::Kind(Text)), ("plural", "", (3, 3), Makes::Kind(Text)),
    ("contains", "", (2, 2), Makes::Kind(Bool)), ("hasPrefix", "", (2, 2), Makes::Kind(Bool)), ("hasSuffix", "", (2, 2), Makes::Kind(Bool)),
    ("splitList", "", (2, 2), Makes::Texts), ("split", "", (2, 2), Makes::Kind(Labels)), ("splitn", "", (3, 3), Makes::Kind(Labels)),
    ("regexMatch", "", (2, 2), Makes::Kind(Bool)), ("regexFind", "", (2, 2), Makes::Kind(Text)), ("regexFindAll", "", (3, 3), Makes::Texts),
    ("regexReplaceAll", "", (3, 3), Makes::Kind(Text)), ("regexReplaceAllLiteral", "", (3, 3), Makes::Kind(Text)),
    ("regexSplit", "", (3, 3), Makes::Texts), ("regexQuoteMeta", "", (1, 1), Makes::Kind(Text)),
    ("b64enc", "", (1, 1), Makes::Kind(Text)), ("b64dec", "", (1, 1), Makes::Kind(Text)),
    ("base", "", (1, 1), Makes::Kind(Text)), ("dir", "", (1, 1), Makes::Kind(Text)), ("ext", "", (1, 1), Makes::Kind(Text)), ("clean", "", (1, 1), Makes::Kind(Text)),
    ("toPrettyJson", "", (1, 1), Makes::Kind(Text)), ("fromJson", "", (1, 1), Makes::Kind(Any)),
    // sprig's, of lists and maps
    ("first", "", (1, 1), Makes::Element), ("last", "", (1, 1), Makes::Element), ("rest", "", (1, 1), Makes::Like),
    ("initial", "", (1, 1), Makes::Like), ("reverse", "", (1, 1), Makes::Like), ("uniq", "", (1, 1), Makes::Like),
    ("compact", "", (1, 1), Makes::Like), ("sortAlpha", "", (1, 1), Makes::Texts), ("has", "", (2, 2), Makes::Kind(Bool)),
    ("without", "", (1, MANY), Makes::Like), ("concat", "", (1, MANY), Makes::Either),
    ("until", "", (1, 1), Makes::Kind(Any)), ("untilStep", "", (3, 3), Makes::Kind(Any)), ("seq", "", (1, 3), Makes::Kind(Text)),
    ("hasKey", "", (2, 2), Makes::Kind(Bool)), ("keys", "", (1, MANY), Makes::Texts), ("pick", "", (2, MANY), Makes::Kind(Labels)),
    ("omit", "", (2, MANY), Makes::Kind(Labels)), ("toStrings", "", (1, 1), Makes::Texts),
    // sprig's, of choices and numbers
    ("default", "", (2, 2), Makes::Either), ("empty", "", (1, 1), Makes::Kind(Bool)), ("coalesce", "", (1, MANY), Makes::Either),
    ("add", "", (1, MANY), Makes::Kind(Whole)), ("add1", "", (1, 1), Makes::Kind(Whole)), ("sub", "", (2, 2), Makes::Kind(Whole)),
    ("mul", "", (1, MANY), Makes::Kind(Whole)), ("div", "", (2, 2), Makes::Kind(Whole)), ("mod", "", (2, 2), Makes::Kind(Whole)),
    ("max", "", (1, MANY), Makes::Kind(Whole)), ("min", "", (1, MANY), Makes::Kind(Whole)), ("biggest", "max", (1, MANY), Makes::Kind(Whole)),
    ("addf", "", (1, MANY), Makes::Kind(Float)), ("subf", "", (2, MANY), Makes::Kind(Float)), ("mulf", "", (1, MANY), Makes::Kind(Float)),
    ("divf", "", (2, MANY), Makes::Kind(Float)), ("floor", "", (1, 1), Makes::Kind(Float)), ("ceil", "", (1, 1), Makes::Kind(Float)),
    ("round", "", (2, 2), Makes::Kind(Float)), ("int", "", (1, 1), Makes::Kind(Whole)), ("int64", "", (1, 1), Makes::Kind(Whole)),
    ("float64", "", (1, 1), Makes::Kind(Float)), ("atoi", "", (1, 1), Makes::Kind(Whole)), ("toDecimal", "", (1, 1), Makes::Kind(Whole)),
    // sprig's, of times
    ("dateModify", "", (2, 2), Makes::Kind(Time)), ("date_modify", "dateModify", (2, 2), Makes::Kind(Time)),
    ("unixEpoch", "", (1, 1), Makes::Kind(Text)), ("htmlDate", "", (1, 1), Makes::Kind(Text)), ("htmlDateInZone", "", (2, 2), Makes::Kind(Text)),
];

/// Functions of sprig that cannot mean the same here, and why.
const REFUSED: &[(&[&str], &str)] = &[
    (
        &["env", "expandenv"],
        "templates cannot read the environment, where secrets stand: write the value into the template",
    ),
    (&["getHostByName"], "templates ask no network: put the address into a label or an annotation of the alert"),
    (
        &[
            "genPrivateKey",
            "genCA",
            "genCAWithKey",
            "genSelfSignedCert",
            "genSelfSignedCertWithKey",
            "genSignedCert",
            "genSignedCertWithKey",
            "derivePassword",
            "encryptAES",
            "decryptAES",
            "bcrypt",
            "htpasswd",
            "buildCustomCert",
            "sha1sum",
            "sha256sum",
            "adler32sum",
        ],
        "templates have no cryptography: leave it out, or make the value before the alert is sent",
    ),
    (
        &["randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randInt", "randBytes", "shuffle", "uuidv4"],
        "a message is the same each time it is made, so that a repetition is known as one: leave it out",
    ),
    (&["fail"], "a message that is not made helps nobody: say in the message what is missing"),
    (
        &["set", "unset"],
        "maps are not changed here, but for {{$_ := set $map key value}}: use a variable, {{$name = value}}",
    ),
    (
        &[
            "typeOf",
            "typeIs",
            "typeIsLike",
            "kindOf",
            "kindIs",
            "deepEqual",
            "deepCopy",
            "durationRound",
            "toRawJson",
            "all",
            "any",
            "maxf",
            "minf",
            "add1f",
            "semver",
            "semverCompare",
            "urlParse",
            "urlJoin",
            "pluck",
            "dig",
            "chunk",
            "b32enc",
            "b32dec",
            "merge",
            "mergeOverwrite",
            "tpl",
            "mustRegexMatch",
            "osBase",
            "osDir",
            "osExt",
            "osClean",
        ],
        "hardly any template uses it: write what it is for out with {{if}}, or leave it out",
    ),
    (&["call"], "no value of a message is a function"),
];

/// The function of that name, if its helper takes the same arguments.
pub(super) fn function(name: &str) -> Option<Function> {
    let (_, helper, arguments, makes) = FUNCTIONS.iter().find(|(go, ..)| *go == name)?;
    let helper = if helper.is_empty() { FUNCTIONS.iter().find(|(go, ..)| *go == name)?.0 } else { helper };
    Some(Function { helper, arguments: *arguments, makes: makes.clone() })
}

/// Why a function that exists in Go has no counterpart.
pub(super) fn refused(name: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(names, _)| names.contains(&name)).map(|(_, why)| *why)
}

/// The names of all functions that can be turned, for the message when one does not exist.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(go, ..)| *go).chain(super::calls::SPECIAL)
}
