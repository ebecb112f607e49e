/* What the page says in Japanese: see texts.js. */

export const JA = {
  language: '言語',
  title: '写真を判定する',
  promise: '小さなモデルがこの端末の上で写真を判定します。写真はどこにも送られません。',
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
  newer: '新しい版があります。ページは空になります。',
  use: '切り替える',
  download: 'CSV で保存',
  clear: '消去',
  probabilities: '確率',
  others: ({ classes }) => `その他 ${classes} クラス`,
  heat: 'ヒートマップ',
  heatOf: ({ grade, place }) => `「${grade}」の根拠は主に${place}にあります`,
  heatNowhere: ({ grade }) => `写真の中に「${grade}」の根拠はなく、ほかよりましというだけです`,
  places: ['左上', '上', '右上', '左', '中央', '右', '左下', '下', '右下'],
  picture: ({ file }) => `${file}（モデルが見た画像）`,
  told: ({ file, grade, share }, say) => `${file}：${grade}、${say.percent(share)}`,
  toldAll: ({ photos, failed }) => `写真 ${photos} 枚を判定しました${failed ? `。${failed} 枚は判定できませんでした` : ''}`,
  inexact: 'このブラウザのデコード方法は学習時と異なるため、確率がわずかに違うことがあります。',
  about: 'このページについて',
  accuracy: '正解率',
  balanced_accuracy: 'バランス正解率',
  balanced_accuracy_is: 'バランス正解率：等級ごとに正しく判定した割合を求め、その平均をとったもの。写真の少ない等級も多い等級も同じ重みです。1 なら全問正解です。',
  macro_f1: 'マクロ F1',
  macro_f1_is: 'マクロ F1：等級ごとに「その等級の写真をどれだけ見つけたか」と「ほかの写真をどれだけ誤ってその等級としなかったか」を一つの数にまとめ、平均したもの。1 が最良、0 が最悪です。',
  weighted_f1: '重み付き F1',
  weighted_f1_is: '重み付き F1：等級ごとに「その等級の写真をどれだけ見つけたか」と「ほかの写真をどれだけ誤ってその等級としなかったか」を一つの数にまとめ、写真の多い等級ほど重くして平均したもの。1 が最良、0 が最悪です。',
  quadratic_weighted_kappa: '二次の重み付きカッパ係数',
  quadratic_weighted_kappa_is: '二次の重み付きカッパ係数：正しい等級との一致が偶然をどれだけ上回るか。二段階の誤りは一段階の誤りの 4 倍に数えます。1 なら完全に一致、0 なら偶然と同じです。',
  roc_auc: 'ROC 曲線下面積（AUC）',
  roc_auc_is: 'ROC 曲線下面積（AUC）：ある等級の写真のほうが、ほかの等級の写真よりも、その等級の確率が高くなる割合。1 が最良、0.5 なら偶然と同じです。',
  log_loss: '対数損失',
  log_loss_is: '対数損失：正しい等級の確率が低いほど、とくに誤った等級に自信があるほど大きくなる罰点。0 が最良で、低いほど良い値です。',
  brier: 'ブライアスコア',
  brier_is: 'ブライアスコア：確率が正解からどれだけ離れているか。0 が最良、2 が最悪で、低いほど良い値です。',
  interval: (score, say) => {
    const { sure, low, high } = say.range(score)
    return `${sure} 信頼区間 ${low} ～ ${high}`
  },
  bounds: ({ confidence, low, high }, say) => `${say.whole(confidence)} 信頼区間 `
    + `${say.number(low)} ～ ${say.number(high)}`,
  scoredOwn: (score, say) => {
    const { n, sure, low, high } = say.range(score)
    return `学習に使っていない写真 ${n} 枚のうち ${say.percent(score.value)} を正しく判定しました。`
      + `同じような写真がもっと多くても、その割合は ${low} から ${high} の間と見込まれます（${sure} 信頼区間）。`
  },
  scoredFolds: ({ folds }) => `この成績は ${folds} 個のモデルのもので、それぞれ見ていない写真で評価されました。このモデルはその一つです。`,
  scoredAll: 'この成績は、一部の写真を除いて同じ学習をし、除いた写真で評価したものです。このモデルはすべての写真から学んでいます。',
  only: ({ classes }) => `このような写真だけが対象です。知っているのは ${classes} だけで、`
    + '別のものの写真にも必ずそのどれかを答えます。光や背景、品種が違う場合の結果は確かめられていません。',
  limits: ({ bytes, pixels, photos }, say) => `JPEG、PNG、WebP に対応。1 枚 ${say.mb(bytes)} MB、`
    + `${say.compact(pixels)}画素まで。一度に ${photos} 枚まで。`,
  privacy: '写真も結果も回数も、この端末の外へは出ません。一度開けば、インターネット接続なしで使え、インストールもできます。',
  made: ({ model, architecture, size }) => `モデル ${model}（${architecture}）。写真を ${size} × ${size} 画素で見ます。`,
  int8: ({ agreement, photos }, say) => `重みは 8 ビットに丸められています。写真 ${photos} 枚の `
    + `${say.percent(agreement)} で、評価されたモデルと同じ答えになります。`,
  runtime: 'ONNX Runtime Web（MIT ライセンス）で計算しています。Python 用パッケージの原文：',
  empty: 'ファイルが空です。',
  truncated: 'ファイルが途中で切れています。',
  broken: 'このファイルの画像をデコードできません。壊れている可能性があります。',
  noPhoto: '読み込める写真ではありません。JPEG、PNG、WebP を読み込めます。',
  format: ({ format }) => `${format} は読み込めません。JPEG、PNG、WebP で保存してください`
    + `${format === 'HEIC' ? '（iPhone：設定 › カメラ › フォーマット › 互換性優先）' : ''}。`,
  pixels: ({ width, height, most }, say) => `${width} × ${height} 画素は ${say.compact(most * 1e6)}画素を超えています。先に縮小してください。`,
  strip: ({ width, height }) => `${width} × ${height} 画素の写真は細長すぎて判定できません。先に対象だけに切り抜いてください。`,
  bytes: ({ bytes, most }, say) => `${say.mb(bytes)} MB は上限の ${say.mb(most)} MB を超えています。先に縮小してください。`,
  number: ({ most, left }) => `一度に ${most} 枚までです。${left} 枚は除きました。結果を消去すると続けられます。`,
  failed: ({ why }) => `判定できませんでした：${why}`,
}
