/* What the page says in English: see texts.js. */

export const EN = {
  language: 'Language',
  title: 'Grade a photo',
  promise: 'A small model grades photos on this device. They are sent nowhere.',
  photos: 'Photos',
  camera: 'Take a photo',
  choose: 'Choose photos',
  drop: 'or drop them anywhere on this page, or paste one',
  loading: 'Loading the model …',
  loadingOf: ({ loaded, whole }, say) => `${say.mb(loaded)} of ${say.mb(whole)} MB`,
  starting: 'Preparing the model …',
  ready: 'Ready.',
  grading: 'Grading …',
  gradingOf: ({ done, all }) => `${done} of ${all}`,
  noModel: ({ why }) => `The model could not be loaded (${why}). Reload the page.`,
  stopped: ({ why }) => `The page cannot go on (${why}). Reload it.`,
  noBrowser: 'This browser is too old for this page; a current one can grade photos.',
  noise: 'This browser gives a page other pixels than those of a photo, lest it recognise you (the setting '
    + 'resistFingerprinting, as in Tor Browser and LibreWolf): a grade would be mere chance. Switch this '
    + 'setting off, for this page at least, and reload it; or open the page in another browser.',
  grades: 'Grades',
  count: ({ photos }) => (photos === 1 ? '1 photo' : `${photos} photos`),
  photo: 'photo',
  grade: 'grade',
  probability: 'probability',
  time: 'time',
  took: ({ ms }, say) => `${say.number(Math.round(ms))} ms`,
  newer: 'A newer version is here; it begins with an empty page.',
  use: 'Use it',
  download: 'Download as CSV',
  clear: 'Clear',
  probabilities: 'Probabilities',
  others: ({ classes }) => (classes === 1 ? '1 other' : `${classes} others`),
  heat: 'Heat map',
  heatOf: ({ grade, place }) => `What spoke for ${grade}: most of it ${place}`,
  heatNowhere: ({ grade }) => `Nothing in the photo spoke for ${grade}; it was the least unlikely.`,
  places: [
    'at the top left', 'at the top', 'at the top right', 'on the left', 'in the middle',
    'on the right', 'at the bottom left', 'at the bottom', 'at the bottom right',
  ],
  picture: ({ file }) => `${file}, as the model saw it`,
  told: ({ file, grade, share }, say) => `${file}: ${grade}, ${say.percent(share)}`,
  toldAll: ({ photos, failed }) => `${photos === 1 ? '1 photo' : `${photos} photos`} graded`
    + `${failed ? `, ${failed} could not be` : ''}`,
  inexact: 'Decoded by this browser in another way than the photos of training: the probabilities '
    + 'may differ a little.',
  about: 'What this is',
  accuracy: 'accuracy',
  balanced_accuracy: 'balanced accuracy',
  balanced_accuracy_is: 'balanced accuracy: the share of right answers among the photos of each grade, and the '
    + 'mean of these, so that a rare grade counts as much as a common one; 1 is perfect.',
  macro_f1: 'macro F1',
  macro_f1_is: 'macro F1: how many photos of a grade are found, and how seldom others are given it, in one '
    + 'number for each grade, and the mean of these; 1 is perfect, 0 the worst.',
  weighted_f1: 'weighted F1',
  weighted_f1_is: 'weighted F1: how many photos of a grade are found, and how seldom others are given it, in one '
    + 'number for each grade; grades with more photos count more; 1 is perfect, 0 the worst.',
  quadratic_weighted_kappa: 'quadratic weighted kappa',
  quadratic_weighted_kappa_is: 'quadratic weighted kappa: how much better than chance it agrees with the right '
    + 'grades; to be two grades off counts four times as much as one; 1 is perfect, 0 is chance.',
  roc_auc: 'ROC-AUC',
  roc_auc_is: 'ROC-AUC: how often a photo of a grade gets a higher probability of it than a photo of another '
    + 'grade; 1 is perfect, 0.5 is chance.',
  log_loss: 'log loss',
  log_loss_is: 'log loss: a penalty for low probabilities of the right grade, above all for being sure of a wrong '
    + 'one; 0 is perfect, and lower is better.',
  brier: 'Brier score',
  brier_is: 'Brier score: how far the probabilities are from the right answer; 0 is perfect, 2 the worst, and '
    + 'lower is better.',
  interval: (score, say) => {
    const { sure, low, high } = say.range(score)
    return `${sure} confidence interval ${low} to ${high}`
  },
  bounds: ({ confidence, low, high }, say) => `${say.whole(confidence)} confidence interval `
    + `${say.number(low)} to ${say.number(high)}`,
  scoredOwn: (score, say) => {
    const { n, sure, low, high } = say.range(score)
    return `It was right on ${say.percent(score.value)} of ${n} photos that it had not learned `
      + `from. On many more photos of this kind the share would lie between ${low} and ${high} `
      + `(${sure} confidence interval).`
  },
  scoredFolds: ({ folds }) => `These are the scores of ${folds} models, each on photos that it had not `
    + 'seen; this model is one of them.',
  scoredAll: 'These are the scores of the same training with some of the photos left out, on those '
    + 'photos; this model has learned from all of them.',
  only: ({ classes }) => `It is for such photos only. It knows nothing but ${classes}, and gives `
    + 'one of these to any photo, also to one of something else. In other light, before another '
    + 'background or of another kind, its grades have not been tested.',
  limits: ({ bytes, pixels, photos }, say) => `JPEG, PNG and WebP, each up to ${say.mb(bytes)} MB `
    + `and ${say.number(pixels / 1e6)} megapixels; up to ${photos} photos at a time.`,
  privacy: 'Nothing leaves this device: no photo, no grade, no count. After the first visit the '
    + 'page works without an internet connection, and it can be installed.',
  made: ({ model, architecture, size }) => `Model ${model} (${architecture}), which sees `
    + `${size} × ${size} pixels of a photo.`,
  int8: ({ agreement, photos }, say) => `Its weights are rounded to 8 bits: on `
    + `${say.percent(agreement)} of ${photos} photos it gives the class of the model that was scored.`,
  runtime: 'It computes with ONNX Runtime Web, MIT licence. The texts of its package for Python:',
  empty: 'The file is empty.',
  truncated: 'The file is incomplete: its end is missing.',
  broken: 'The picture in this file cannot be decoded; it may be damaged.',
  noPhoto: 'This is no photo that can be read here. JPEG, PNG and WebP can.',
  format: ({ format }) => `${format} cannot be read here. Save the photo as JPEG, PNG or WebP`
    + `${format === 'HEIC' ? ' (on an iPhone: Settings, Camera, Formats, Most Compatible)' : ''}.`,
  pixels: ({ width, height, most }) => `${width} × ${height} pixels are more than `
    + `${most} million. Make the photo smaller first.`,
  strip: ({ width, height }) => `A strip of ${width} × ${height} pixels is too narrow to be graded. Cut the `
    + 'photo to its subject first.',
  bytes: ({ bytes, most }, say) => `${say.mb(bytes)} MB are more than ${say.mb(most)} MB. Make the `
    + 'photo smaller first.',
  number: ({ most, left }) => `At most ${most} photos at a time: ${left === 1 ? '1 was' : `${left} were`} left out. `
    + 'Clear the grades to go on.',
  failed: ({ why }) => `It could not be graded: ${why}`,
}
