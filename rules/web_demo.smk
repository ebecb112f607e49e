"""
Writes a static folder that grades photos in a browser, with one model that the parity gate has passed:
the one that is handed in, or the leader among those that are deployed.

REQUIRES: of each candidate deploy/{model}/model.onnx or model_int8.onnx, parity.json and
          evaluation/{model}/scores.json; leaderboard.csv where submission.model names no single model;
          npm
PROVIDES: web_runtime/ (what computes in the browser), web/ (the folder to serve)
"""


rule install_web_runtime:
    input:
        package="envs/web/package.json",
        lock="envs/web/package-lock.json",
    output:
        directory(f"{results}/web_runtime"),
    log:
        f"{results}/logs/install_web_runtime.log",
    conda:
        "../envs/web.yaml"
    params:
        code=code_of("install_web_runtime.py"),
    shell:
        "python scripts/install_web_runtime.py --package {input.package:q} --lock {input.lock:q}"
        " --out {output:q} 2>&1 | tee {log:q}"


rule web_demo:
    input:
        leaderboard=rules.compare_models.output.table if len(graders) > 1 else [],
        models=expand(leaving_model, model=graders),
        parity=expand(rules.check_parity.output, model=graders),
        scores=expand(rules.evaluate_model.output.scores, model=graders),
        runtime=rules.install_web_runtime.output,
        style="scripts/zest/page/page.css",
        sources=static_files("scripts/web_demo"),
    output:
        directory(f"{results}/web"),
    log:
        f"{results}/logs/web_demo.log",
    conda:
        deploy_environment
    params:
        cfg=settings(
            "competition",
            metric=config["rules"]["metric"],
            precision=config["deploy"]["precision"],
        ),
        code=code_of("build_web_demo.py"),
        candidates=graders,
        leaderboard="--leaderboard" if len(graders) > 1 else "",
    shell:
        "python scripts/build_web_demo.py --cfg {params.cfg:q} --candidates {params.candidates:q}"
        " {params.leaderboard} {input.leaderboard:q} --models {input.models:q}"
        " --parity {input.parity:q} --scores {input.scores:q} --runtime {input.runtime:q}"
        " --sources {input.sources:q} --style {input.style:q} --out {output:q} 2>&1 | tee {log:q}"
