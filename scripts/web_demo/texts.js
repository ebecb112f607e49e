/* What the page says, in three languages. The names of classes come from the data, as they are.

A text is a string, or a function of its values and of `say`, which writes numbers. */

const percent = (value, say) => say.percent(value)
const range = ({ confidence, low, high, n }, say) => ({
  sure: say.whole(confidence), low: percent(low, say), high: percent(high, say), n: say.number(n),
})

export const TEXTS = {
  en: {
    language: 'Language',
    title: 'Grade a photo',
    promise: 'A small network grades photos on this device. They are sent nowhere.',
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
    noise: 'This browser gives pages other pixels than those of a photo, to protect from being recognised '
      + '(resistFingerprinting, as in Tor Browser and LibreWolf): a grade would be mere chance. Switch this '
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
    others: ({ classes }) => `${classes} others`,
    heat: 'Heat map',
    heatOf: ({ grade, place }) => `What spoke for ${grade}: most of it ${place}`,
    heatNowhere: ({ grade }) => `Nothing in the photo spoke for ${grade}; it was the least unlikely.`,
    places: [
      'at the top left', 'at the top', 'at the top right', 'on the left', 'in the middle',
      'on the right', 'at the bottom left', 'at the bottom', 'at the bottom right',
    ],
    picture: ({ file }) => `${file}, as the network saw it`,
    told: ({ file, grade, share }, say) => `${file}: ${grade}, ${percent(share, say)}`,
    toldAll: ({ photos, failed }) => `${photos} photos graded${failed ? `, ${failed} could not be` : ''}`,
    inexact: 'Decoded by this browser in another way than the photos of training: the probabilities '
      + 'may differ a little.',
    about: 'What this is',
    accuracy: 'accuracy',
    interval: (score, say) => {
      const { sure, low, high } = range(score, say)
      return `${sure} interval ${low} to ${high}`
    },
    scoredOwn: (score, say) => {
      const { n, sure, low, high } = range(score, say)
      return `It was right on ${percent(score.value, say)} of ${n} photos that it had not learned `
        + `from. On many more photos of this kind the share would lie between ${low} and ${high} `
        + `(${sure} interval).`
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
      + 'page works without a network, and it can be installed.',
    made: ({ model, architecture, size }) => `Model ${model} (${architecture}), which sees `
      + `${size} × ${size} pixels of a photo.`,
    int8: ({ agreement, photos }, say) => `Its weights are rounded to 8 bits: on `
      + `${percent(agreement, say)} of ${photos} photos it gives the class of the model that was scored.`,
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
    number: ({ most, left }) => `At most ${most} photos at a time: ${left} were left out. Clear the `
      + 'grades to go on.',
    failed: ({ why }) => `It could not be graded: ${why}`,
  },
  zh: {
    language: '语言',
    title: '为照片评级',
    promise: '一个小型神经网络在本设备上为照片评级。照片不会发送到任何地方。',
    photos: '照片',
    camera: '拍照',
    choose: '选择照片',
    drop: '也可以把照片拖放到本页任意位置，或粘贴一张',
    loading: '正在加载模型…',
    loadingOf: ({ loaded, whole }, say) => `${say.mb(loaded)} / ${say.mb(whole)} MB`,
    starting: '正在准备模型…',
    ready: '已就绪。',
    grading: '正在评级…',
    gradingOf: ({ done, all }) => `${done} / ${all}`,
    noModel: ({ why }) => `模型无法加载（${why}）。请刷新页面。`,
    stopped: ({ why }) => `页面无法继续运行（${why}）。请刷新页面。`,
    noBrowser: '此浏览器版本过旧，请使用较新的浏览器。',
    noise: '为防止识别用户身份，此浏览器不向网页提供照片的真实像素（resistFingerprinting 设置，Tor 浏览器、LibreWolf 等'
      + '默认开启），评级结果将毫无意义。请关闭该设置（至少对本页面），然后刷新页面；或改用其他浏览器。',
    grades: '结果',
    count: ({ photos }) => `${photos} 张照片`,
    photo: '照片',
    grade: '等级',
    probability: '概率',
    time: '用时',
    took: ({ ms }, say) => `${say.number(Math.round(ms))} 毫秒`,
    newer: '有新版本可用；切换后页面会清空。',
    use: '使用新版本',
    download: '下载 CSV',
    clear: '清除',
    probabilities: '概率',
    others: ({ classes }) => `其余 ${classes} 类`,
    heat: '热力图',
    heatOf: ({ grade, place }) => `判为“${grade}”的依据主要位于${place}`,
    heatNowhere: ({ grade }) => `照片中没有支持“${grade}”的依据，它只是可能性最大的一类`,
    places: ['左上', '上方', '右上', '左侧', '中央', '右侧', '左下', '下方', '右下'],
    picture: ({ file }) => `${file}，网络所见`,
    told: ({ file, grade, share }, say) => `${file}：${grade}，${percent(share, say)}`,
    toldAll: ({ photos, failed }) => `已评级 ${photos} 张照片${failed ? `，${failed} 张无法评级` : ''}`,
    inexact: '此浏览器对该照片的解码方式与训练时不同，概率可能略有差异。',
    about: '说明',
    accuracy: '准确率',
    interval: (score, say) => {
      const { sure, low, high } = range(score, say)
      return `${sure} 区间：${low} 至 ${high}`
    },
    scoredOwn: (score, say) => {
      const { n, sure, low, high } = range(score, say)
      return `在 ${n} 张未参与训练的照片中，判断正确的占 ${percent(score.value, say)}。`
        + `对大量同类照片，这一比例预计在 ${low} 到 ${high} 之间（${sure} 区间）。`
    },
    scoredFolds: ({ folds }) => `该成绩来自 ${folds} 个模型，每个都只在未见过的照片上评分；本模型是其中之一。`,
    scoredAll: '该成绩来自同样的训练：每次留出一部分照片，只在留出的照片上评分；本模型学习了全部照片。',
    only: ({ classes }) => `仅适用于此类照片。它只认识：${classes}；对任何照片都会给出其中之一，`
      + '即使拍的是别的东西。在其他光线、背景或品种下，其结果未经检验。',
    limits: ({ bytes, pixels, photos }, say) => `支持 JPEG、PNG 和 WebP，每张不超过 ${say.mb(bytes)} MB、`
      + `${say.number(pixels / 1e4)} 万像素；一次最多 ${photos} 张。`,
    privacy: '任何内容都不会离开本设备：照片、结果、统计均不上传。首次访问后无需网络即可使用，并可安装。',
    made: ({ model, architecture, size }) => `模型 ${model}（${architecture}），以 ${size} × ${size} 像素读取照片。`,
    int8: ({ agreement, photos }, say) => `权重已舍入到 8 位：在 ${photos} 张照片中，有 `
      + `${percent(agreement, say)} 与评分所用的模型给出相同类别。`,
    runtime: '由 ONNX Runtime Web 计算，MIT 许可证。其 Python 软件包中的文本：',
    empty: '文件为空。',
    truncated: '文件不完整：缺少结尾。',
    broken: '无法解码此文件中的图像，文件可能已损坏。',
    noPhoto: '这不是可以读取的照片。可读取 JPEG、PNG 和 WebP。',
    format: ({ format }) => `无法读取 ${format}。请将照片另存为 JPEG、PNG 或 WebP`
      + `${format === 'HEIC' ? '（iPhone：设置 › 相机 › 格式 › 兼容性最佳）' : ''}。`,
    pixels: ({ width, height, most }, say) => `${width} × ${height} 像素超过 ${say.number(most * 100)} 万。请先缩小照片。`,
    strip: ({ width, height }) => `${width} × ${height} 像素的照片过于狭长，无法评级。请先裁剪到主体。`,
    bytes: ({ bytes, most }, say) => `${say.mb(bytes)} MB 超过 ${say.mb(most)} MB。请先缩小照片。`,
    number: ({ most, left }) => `一次最多 ${most} 张照片，已略过 ${left} 张。请先清除结果。`,
    failed: ({ why }) => `无法评级：${why}`,
  },
  ja: {
    language: '言語',
    title: '写真を判定する',
    promise: '小さなネットワークがこの端末の上で写真を判定します。写真はどこにも送られません。',
    photos: '写真',
    camera: '写真を撮る',
    choose: '写真を選ぶ',
    drop: 'このページのどこかにドロップするか、貼り付けることもできます',
    loading: 'モデルを読み込み中…',
    loadingOf: ({ loaded, whole }, say) => `${say.mb(loaded)} / ${say.mb(whole)} MB`,
    starting: 'モデルを準備しています…',
    ready: '準備ができました。',
    grading: '判定中…',
    gradingOf: ({ done, all }) => `${done} / ${all}`,
    noModel: ({ why }) => `モデルを読み込めませんでした（${why}）。ページを再読み込みしてください。`,
    stopped: ({ why }) => `処理を続けられません（${why}）。ページを再読み込みしてください。`,
    noBrowser: 'このブラウザは古いため使えません。新しいブラウザをお使いください。',
    noise: 'このブラウザは個人の識別を防ぐため、写真の本当の画素をページに渡しません（resistFingerprinting 設定。'
      + 'Tor Browser や LibreWolf など）。判定しても意味のない結果になります。少なくともこのページではこの設定を'
      + 'オフにして再読み込みするか、別のブラウザで開いてください。',
    grades: '結果',
    count: ({ photos }) => `写真 ${photos} 枚`,
    photo: '写真',
    grade: '等級',
    probability: '確率',
    time: '時間',
    took: ({ ms }, say) => `${say.number(Math.round(ms))} ミリ秒`,
    newer: '新しい版があります。切り替えるとページは空になります。',
    use: '切り替える',
    download: 'CSV で保存',
    clear: '消去',
    probabilities: '確率',
    others: ({ classes }) => `その他 ${classes} クラス`,
    heat: 'ヒートマップ',
    heatOf: ({ grade, place }) => `「${grade}」の根拠は主に${place}にあります`,
    heatNowhere: ({ grade }) => `写真の中に「${grade}」の根拠はなく、ほかよりましというだけです`,
    places: ['左上', '上', '右上', '左', '中央', '右', '左下', '下', '右下'],
    picture: ({ file }) => `${file}（ネットワークが見た画像）`,
    told: ({ file, grade, share }, say) => `${file}：${grade}、${percent(share, say)}`,
    toldAll: ({ photos, failed }) => `写真 ${photos} 枚を判定しました${failed ? `。${failed} 枚は判定できませんでした` : ''}`,
    inexact: 'このブラウザの復号は学習時と異なるため、確率がわずかに違うことがあります。',
    about: 'このページについて',
    accuracy: '正解率',
    interval: (score, say) => {
      const { sure, low, high } = range(score, say)
      return `${sure} 区間 ${low} ～ ${high}`
    },
    scoredOwn: (score, say) => {
      const { n, sure, low, high } = range(score, say)
      return `学習に使っていない写真 ${n} 枚のうち ${percent(score.value, say)} を正しく判定しました。`
        + `同じような写真がもっと多くても、その割合は ${low} から ${high} の間と見込まれます（${sure} 区間）。`
    },
    scoredFolds: ({ folds }) => `この成績は ${folds} 個のモデルのもので、それぞれ見ていない写真で評価されました。このモデルはその一つです。`,
    scoredAll: 'この成績は、一部の写真を除いて同じ学習をし、除いた写真で評価したものです。このモデルはすべての写真から学んでいます。',
    only: ({ classes }) => `このような写真だけが対象です。知っているのは ${classes} だけで、`
      + '別のものの写真にも必ずそのどれかを答えます。光や背景、品種が違う場合の結果は確かめられていません。',
    limits: ({ bytes, pixels, photos }, say) => `JPEG、PNG、WebP に対応。1 枚 ${say.mb(bytes)} MB、`
      + `${say.number(pixels / 1e4)} 万画素まで。一度に ${photos} 枚まで。`,
    privacy: '写真も結果も回数も、この端末の外へは出ません。一度開けば、ネットワークなしで使え、インストールもできます。',
    made: ({ model, architecture, size }) => `モデル ${model}（${architecture}）。写真を ${size} × ${size} 画素で見ます。`,
    int8: ({ agreement, photos }, say) => `重みは 8 ビットに丸められています。写真 ${photos} 枚の `
      + `${percent(agreement, say)} で、評価されたモデルと同じ答えになります。`,
    runtime: 'ONNX Runtime Web（MIT ライセンス）で計算しています。Python 用パッケージの原文：',
    empty: 'ファイルが空です。',
    truncated: 'ファイルが途中で切れています。',
    broken: 'このファイルの画像を復号できません。壊れている可能性があります。',
    noPhoto: '読み込める写真ではありません。JPEG、PNG、WebP を読み込めます。',
    format: ({ format }) => `${format} は読み込めません。JPEG、PNG、WebP で保存してください`
      + `${format === 'HEIC' ? '（iPhone：設定 › カメラ › フォーマット › 互換性優先）' : ''}。`,
    pixels: ({ width, height, most }, say) => `${width} × ${height} 画素は ${say.number(most * 100)} 万画素を超えています。先に縮小してください。`,
    strip: ({ width, height }) => `${width} × ${height} 画素の写真は細長すぎて判定できません。先に対象だけに切り抜いてください。`,
    bytes: ({ bytes, most }, say) => `${say.mb(bytes)} MB は上限の ${say.mb(most)} MB を超えています。先に縮小してください。`,
    number: ({ most, left }) => `一度に ${most} 枚までです。${left} 枚は除きました。結果を消去すると続けられます。`,
    failed: ({ why }) => `判定できませんでした：${why}`,
  },
}

let language = 'en'

/* The language of the reader: the one that was chosen here, or the first of the browser that we have. */
export function wantedLanguage(chosen, languages) {
  return [chosen, ...languages].map((tag) => tag?.slice(0, 2)).find((tag) => TEXTS[tag]) ?? 'en'
}

/* Changes the language of the whole page, with all that it has already said. */
export function speak(wanted) {
  language = wanted
  document.documentElement.lang = wanted === 'zh' ? 'zh-Hans' : wanted
  for (const element of document.querySelectorAll('[data-text]')) write(element)
  document.title = text('title')
}

/* A text of the present language. */
export function text(key, values = {}) {
  const told = TEXTS[language][key]
  return typeof told === 'function' ? told(values, writers(language)) : told
}

/* Puts a text into an element, which `speak` will keep in the language of the page. */
export function tell(element, key, values = {}) {
  element.dataset.text = key
  element.dataset.values = JSON.stringify(values)
  write(element)
  return element
}

/* Empties an element that `tell` has filled. */
export function hush(element) {
  delete element.dataset.text
  element.textContent = ''
}

function write(element) {
  const values = JSON.parse(element.dataset.values ?? '{}')
  if (element.dataset.text === 'heatOf') values.place = text('places')[values.zone]
  const told = text(element.dataset.text, values)
  if (element.hasAttribute('data-label')) element.setAttribute('aria-label', told)
  else element.textContent = told
}

function writers(tag) {
  const format = (value, settings) => new Intl.NumberFormat(tag, settings).format(value)
  return {
    number: (value) => format(value),
    percent: (value) => format(value, { style: 'percent', maximumFractionDigits: 1 }),
    whole: (value) => format(value, { style: 'percent' }),
    mb: (bytes) => format(bytes / 1e6, { maximumFractionDigits: 1 }),
  }
}
