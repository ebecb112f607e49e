"""
Takes trained models out into the world, and proves that what leaves is what was scored. Runs on the CPU:
an export does not depend on the device that trained.

REQUIRES: models/{model}/fold{fold}/ of the fold that is deployed, images/{size}/train.parquet and the
          photos' files, catalog/train.parquet, split/folds.parquet, evaluation/{model}/
PROVIDES: deploy/{model}/: paddle/ (inference.json, inference.pdmodel, inference.pdiparams), model.onnx,
          model_int8.onnx and quantisation.json where deploy.int8 is on, parity.json, speed.json,
          shortcuts.json, MODEL_CARD.md, bundle.zip, and where asked for model.nb; deploy/exports.csv and deployment.html of all models
"""

# One model is deployed, also where the mean of the folds is handed in.
deployed_fold = train_folds[0] if train_on == "folds" else train_on
deployed_models = config_deploy.deployed_models(config)
deploy_environment = "../envs/cpu.yaml"
# One of them grades new photos and the page: the one that is handed in, or else the best.
graders = [chosen_model] if chosen_model in config["models"] else deployed_models
deploys_int8 = config["deploy"]["int8"]


rule export_paddle:
    input:
        weights=f"{results}/models/{{model}}/fold{deployed_fold}/weights.pdparams",
        model=f"{results}/models/{{model}}/fold{deployed_fold}/model.json",
    output:
        directory(f"{results}/deploy/{{model}}/paddle"),
    log:
        f"{results}/logs/export_paddle/{{model}}.log",
    conda:
        deploy_environment
    params:
        code=code_of_network("export_paddle.py"),
    shell:
        "python scripts/export_paddle.py --weights {input.weights:q} --out {output:q}"
        " 2>&1 | tee {log:q}"


rule export_onnx:
    input:
        programs=rules.export_paddle.output,
        model=rules.export_paddle.input.model,
    output:
        f"{results}/deploy/{{model}}/model.onnx",
    log:
        f"{results}/logs/export_onnx/{{model}}.log",
    conda:
        deploy_environment
    params:
        code=code_of("export_onnx.py"),
    shell:
        "python scripts/export_onnx.py --program {input.programs:q} --model {input.model:q}"
        " --out {output:q} 2>&1 | tee {log:q}"


rule quantise_onnx:
    input:
        model=rules.export_onnx.output,
        images=model_input(f"{results}/images/{{size}}/train.parquet"),
        folds=rules.split_folds.output.folds,
    output:
        model=f"{results}/deploy/{{model}}/model_int8.onnx",
        trials=f"{results}/deploy/{{model}}/quantisation.json",
    log:
        f"{results}/logs/quantise_onnx/{{model}}.log",
    conda:
        deploy_environment
    params:
        cfg=settings("seed", tolerance=config["deploy"]["int8_tolerance"]),
        code=code_of("quantise_onnx.py"),
        size=lambda wildcards: image_size(config, wildcards.model),
        fold=deployed_fold,
    shell:
        "python scripts/quantise_onnx.py --cfg {params.cfg:q} --model {input.model:q}"
        " --images {input.images:q} --size {params.size} --folds {input.folds:q}"
        " --fold {params.fold} --out {output.model:q} --trials {output.trials:q} 2>&1 | tee {log:q}"


rule check_parity:
    input:
        weights=rules.export_paddle.input.weights,
        programs=rules.export_paddle.output,
        model=rules.export_onnx.output,
        int8=rules.quantise_onnx.output.model if deploys_int8 else [],
        out_of_fold=rules.evaluate_model.output.out_of_fold,
        images=rules.quantise_onnx.input.images,
        catalog=rules.catalog_training_photos.output.catalog,
    output:
        f"{results}/deploy/{{model}}/parity.json",
    log:
        f"{results}/logs/check_parity/{{model}}.log",
    conda:
        deploy_environment
    params:
        cfg=settings(
            "seed",
            "environment",
            metric=config["rules"]["metric"],
            evaluation=evaluation_settings("confidence", "resamples"),
            deploy={key: config["deploy"][key] for key in ("tolerance", "int8_max_loss")},
        ),
        code=code_of_network("check_parity.py"),
        fold=deployed_fold,
        root=photo_folder,
        int8="--int8" if deploys_int8 else "",
    shell:
        "python scripts/check_parity.py --cfg {params.cfg:q} --weights {input.weights:q}"
        " --fold {params.fold} --programs {input.programs:q} --model {input.model:q}"
        " {params.int8} {input.int8:q} --out-of-fold {input.out_of_fold:q}"
        " --images {input.images:q} --catalog {input.catalog:q} --root {params.root:q}"
        " --out {output:q} 2>&1 | tee {log:q}"


rule measure_exports:
    input:
        programs=rules.export_paddle.output,
        model=rules.export_onnx.output,
        int8=rules.quantise_onnx.output.model if deploys_int8 else [],
        catalog=rules.catalog_training_photos.output.catalog,
    output:
        f"{results}/deploy/{{model}}/speed.json",
    log:
        f"{results}/logs/measure_exports/{{model}}.log",
    conda:
        deploy_environment
    threads: workflow.cores  # alone on the machine, so that other jobs do not slow it down
    params:
        cfg=settings(
            rules={key: config["rules"][key] for key in ("max_model_mb", "max_latency_ms")},
            deploy={key: config["deploy"][key] for key in ("threads", "precision")},
        ),
        code=code_of("measure_exports.py"),
        size=lambda wildcards: image_size(config, wildcards.model),
        root=photo_folder,
        int8="--int8" if deploys_int8 else "",
    shell:
        "python scripts/measure_exports.py --cfg {params.cfg:q} --programs {input.programs:q}"
        " --model {input.model:q} {params.int8} {input.int8:q} --size {params.size}"
        " --catalog {input.catalog:q} --root {params.root:q} --out {output:q} 2>&1 | tee {log:q}"


# Which of the ONNX models goes out, in the bundle and wherever else one is used.
leaving_model = (
    rules.quantise_onnx.output.model
    if config["deploy"]["precision"] == "int8"
    else rules.export_onnx.output[0]
)


rule check_shortcuts:
    input:
        model=leaving_model,
        out_of_fold=rules.evaluate_model.output.out_of_fold,
        images=rules.quantise_onnx.input.images,
    output:
        f"{results}/deploy/{{model}}/shortcuts.json",
    log:
        f"{results}/logs/check_shortcuts/{{model}}.log",
    conda:
        deploy_environment
    params:
        cfg=settings("seed", evaluation=evaluation_settings("confidence")),
        code=code_of("check_shortcuts.py"),
        fold=deployed_fold,
    shell:
        "python scripts/check_shortcuts.py --cfg {params.cfg:q} --name {wildcards.model:q}"
        " --model {input.model:q} --fold {params.fold} --out-of-fold {input.out_of_fold:q}"
        " --images {input.images:q} --out {output:q} 2>&1 | tee {log:q}"


rule write_bundle:
    input:
        weights=rules.export_paddle.input.weights,
        described=rules.export_paddle.input.model,
        model=leaving_model,
        parity=rules.check_parity.output,
        speed=rules.measure_exports.output,
        scores=rules.evaluate_model.output.scores,
        per_class=rules.evaluate_model.output.per_class,
        out_of_fold=rules.evaluate_model.output.out_of_fold,
        shortcuts=rules.check_shortcuts.output,
        catalog=rules.catalog_training_photos.output.catalog,
        classes=rules.catalog_training_photos.output.classes,
        client="scripts/deployment/client/predict.py",
        templates=template_files("scripts/deployment/templates"),
    output:
        bundle=f"{results}/deploy/{{model}}/bundle.zip",
        card=f"{results}/deploy/{{model}}/MODEL_CARD.md",
    log:
        f"{results}/logs/write_bundle/{{model}}.log",
    conda:
        deploy_environment
    params:
        cfg=settings(
            "competition",
            metric=config["rules"]["metric"],
            deploy={key: config["deploy"][key] for key in ("examples", "precision")},
        ),
        code=code_of("write_bundle.py"),
        fold=deployed_fold,
        root=photo_folder,
    shell:
        "python scripts/write_bundle.py --cfg {params.cfg:q} --name {wildcards.model:q}"
        " --weights {input.weights:q} --fold {params.fold} --model {input.model:q}"
        " --parity {input.parity:q} --speed {input.speed:q} --scores {input.scores:q}"
        " --per-class {input.per_class:q} --out-of-fold {input.out_of_fold:q}"
        " --shortcuts {input.shortcuts:q} --catalog {input.catalog:q} --classes {input.classes:q}"
        " --root {params.root:q} --bundle {output.bundle:q} --card {output.card:q}"
        " 2>&1 | tee {log:q}"


rule write_deployment_page:
    input:
        parities=expand(rules.check_parity.output, model=deployed_models),
        speeds=expand(rules.measure_exports.output, model=deployed_models),
        templates=template_files("scripts/deployment/page", "scripts/zest/page"),
    output:
        table=f"{results}/deploy/exports.csv",
        page=report(
            f"{results}/deployment.html", category="Report", labels={"figure": "deployment"}
        ),
    log:
        f"{results}/logs/write_deployment_page.log",
    conda:
        deploy_environment
    params:
        cfg=settings("competition", metric=config["rules"]["metric"]),
        code=code_of("write_deployment_page.py"),
    shell:
        "python scripts/write_deployment_page.py --cfg {params.cfg:q}"
        " --parities {input.parities:q} --speeds {input.speeds:q} --table {output.table:q}"
        " --html {output.page:q} 2>&1 | tee {log:q}"


rule export_paddle_lite:
    input:
        rules.export_paddle.output,
    output:
        f"{results}/deploy/{{model}}/model.nb",
    log:
        f"{results}/logs/export_paddle_lite/{{model}}.log",
    conda:
        deploy_environment
    params:
        code=code_of("export_paddle_lite.py"),
        target=lambda wildcards: config["deploy"]["lite_target"],
    shell:
        "python scripts/export_paddle_lite.py --program {input:q} --target {params.target}"
        " --out {output:q} 2>&1 | tee {log:q}"


rule paddle_lite:
    input:
        expand(rules.export_paddle_lite.output, model=deployed_models),


rule deploy:
    input:
        rules.write_deployment_page.output,
        expand(rules.write_bundle.output, model=deployed_models),
        expand(rules.check_parity.output, model=deployed_models),
