# Sickbay's one image: web, workers, beat and every command run from it.
# First the packages and static files, with what is needed to build them; then the image without that.

FROM python:3.12-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen
COPY manage.py ./
COPY dashboard dashboard
COPY diagnostics diagnostics
COPY templates templates
COPY static static
# Nothing is signed, contacted or kept with these: they only say that this is no embedded start.
RUN SECRET_KEY=used-at-build-time-alone-to-collect-the-static-files REDIS_URL=redis://none ALLOWED_HOSTS=none \
    .venv/bin/python manage.py collectstatic --noinput

FROM python:3.12-slim-bookworm
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin sickbay \
    && install --directory --owner sickbay --group sickbay /data
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 SICKBAY_DATA_DIR=/data
USER 10001:10001
EXPOSE 8000
CMD ["uvicorn", "dashboard.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off", \
     "--no-access-log", "--no-server-header", "--ws-max-size", "65536", "--timeout-graceful-shutdown", "10"]
