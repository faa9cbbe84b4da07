# The container image of the steps: the packages of uv.lock, and the project in a separate folder.
#
#   make image                      for CPU
#   make image ACCELERATOR=gpu      with the CUDA libraries that TensorFlow installs
#   make image ACCELERATOR=tpu      with tensorflow-tpu instead of tensorflow, for TPU v2, v3 and v5e

# The last stage is named after it.
ARG ACCELERATOR=cpu

# The entry point of Dataflow workers, which may run the Beam steps.
FROM apache/beam_python3.11_sdk:2.72.0 AS beam

FROM python:3.11-slim-bookworm AS build
ARG ACCELERATOR=cpu
ENV UV_PROJECT_ENVIRONMENT=/opt/venv \
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

FROM python:3.11-slim-bookworm AS steps
RUN useradd --create-home --uid 1000 flowers
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/flowers /opt/flowers
COPY --from=beam /opt/apache/beam /opt/apache/beam
# TensorFlow 2.16 does not find the CUDA libraries in site-packages without LD_LIBRARY_PATH.
ARG NVIDIA=/opt/venv/lib/python3.11/site-packages/nvidia
ENV LD_LIBRARY_PATH=$NVIDIA/cublas/lib:$NVIDIA/cuda_cupti/lib:$NVIDIA/cuda_nvrtc/lib:$NVIDIA/cuda_runtime/lib:$NVIDIA/cudnn/lib:$NVIDIA/cufft/lib:$NVIDIA/curand/lib:$NVIDIA/cusolver/lib:$NVIDIA/cusparse/lib:$NVIDIA/nccl/lib:$NVIDIA/nvjitlink/lib \
    PATH=/opt/venv/bin:/opt/flowers/bin:$NVIDIA/cuda_nvcc/bin:$PATH \
    PYTHONPATH=/opt/flowers \
    PYTHONUNBUFFERED=1 \
    TF_USE_LEGACY_KERAS=1
WORKDIR /home/flowers
# Vertex overrides the command for each step; Dataflow uses this one.
ENTRYPOINT ["/opt/apache/beam/boot"]

FROM steps AS cpu
USER 1000

FROM steps AS gpu
USER 1000

# The files of a TPU, /dev/accel* or /dev/vfio/*, belong to root, and only root may open them.
FROM steps AS tpu
# hadolint ignore=DL3002
USER 0

FROM ${ACCELERATOR}
