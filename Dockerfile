# The container image of the steps: the packages of uv.lock, and the project in a separate folder.
#
#   make image                      for CPU
#   make image ACCELERATOR=gpu      with the CUDA libraries that TensorFlow installs
#   make image ACCELERATOR=tpu      with tensorflow-tpu instead of tensorflow, for TPU v2, v3 and v5e
#
# Python decides which line of TFX uv.lock installs: 3.13 the current one, 3.11 the older one, which
# is the newest with a TPU build. docs/lines.md compares them.

# The stages are named after it.
ARG ACCELERATOR=cpu

FROM python:3.13-slim-trixie AS python-cpu
FROM python:3.13-slim-trixie AS python-gpu
FROM python:3.11-slim-bookworm AS python-tpu

# The entry point of Dataflow workers, which may run the Beam steps.
FROM apache/beam_python3.13_sdk:2.77.0 AS beam-cpu
FROM apache/beam_python3.13_sdk:2.77.0 AS beam-gpu
FROM apache/beam_python3.11_sdk:2.72.0 AS beam-tpu
# `COPY --from` takes no variables.
# hadolint ignore=DL3006
FROM beam-${ACCELERATOR} AS beam

# hadolint ignore=DL3006
FROM python-${ACCELERATOR} AS build
ARG ACCELERATOR=cpu
# A container would compile the bytecode at each start, because its user cannot write it.
ENV UV_COMPILE_BYTECODE=1 \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
COPY pyproject.toml uv.lock ./
RUN set -- && \
    if [ "$ACCELERATOR" = gpu ]; then set -- --extra gpu; fi && \
    uv sync --locked --no-dev --no-install-project "$@"
# Both packages install the same folder. libtpu is only on Google's page, not in uv.lock.
RUN if [ "$ACCELERATOR" = tpu ]; then \
      uv pip uninstall --python /opt/venv tensorflow && \
      uv pip install --python /opt/venv --no-deps \
        --find-links https://storage.googleapis.com/libtpu-tf-releases/index.html \
        tensorflow-tpu==2.16.2 libtpu==2.16.0rc0; \
    fi
COPY README.md LICENSE flowers_main.py ./
COPY pipeline pipeline
COPY components components
COPY data data
# Not in site-packages: the serving check proves that a model does not need the project.
RUN uv build --wheel --out-dir /tmp/wheel && \
    uv pip install --python /opt/venv --no-deps --target /opt/flowers /tmp/wheel/*.whl

# hadolint ignore=DL3006
FROM python-${ACCELERATOR} AS steps
RUN useradd --create-home --uid 1000 flowers
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/flowers /opt/flowers
COPY --from=beam /opt/apache/beam /opt/apache/beam
ENV PATH=/opt/venv/bin:/opt/flowers/bin:$PATH \
    PYTHONPATH=/opt/flowers \
    PYTHONUNBUFFERED=1 \
    TF_USE_LEGACY_KERAS=1 \
    TF_ENABLE_ONEDNN_OPTS=1
WORKDIR /home/flowers
# Vertex overrides the command for each step; Dataflow uses this one.
ENTRYPOINT ["/opt/apache/beam/boot"]

FROM steps AS cpu
USER 1000

FROM steps AS gpu
# TensorFlow does not find all CUDA libraries in site-packages without LD_LIBRARY_PATH.
ARG NVIDIA=/opt/venv/lib/python3.13/site-packages/nvidia
ENV LD_LIBRARY_PATH=$NVIDIA/cublas/lib:$NVIDIA/cuda_cupti/lib:$NVIDIA/cuda_nvrtc/lib:$NVIDIA/cuda_runtime/lib:$NVIDIA/cudnn/lib:$NVIDIA/cufft/lib:$NVIDIA/curand/lib:$NVIDIA/cusolver/lib:$NVIDIA/cusparse/lib:$NVIDIA/nccl/lib:$NVIDIA/nvjitlink/lib \
    PATH=$NVIDIA/cuda_nvcc/bin:$PATH
USER 1000

# The files of a TPU, /dev/accel* or /dev/vfio/*, belong to root, and only root may open them.
FROM steps AS tpu
# hadolint ignore=DL3002
USER 0

FROM ${ACCELERATOR}
