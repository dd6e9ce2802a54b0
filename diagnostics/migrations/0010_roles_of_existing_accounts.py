"""Accounts keep what they could do: staff changed notifications over REST, everybody else took diagnoses over."""

from django.conf import settings
from django.db import migrations


def give_roles(apps, schema_editor):
    users = apps.get_model(settings.AUTH_USER_MODEL).objects.exclude(username="guest")
    member = apps.get_model("diagnostics", "Member")
    member.objects.bulk_create(
        member(user=user, role="admin" if user.is_staff or user.is_superuser else "responder") for user in users
    )


class Migration(migrations.Migration):

    dependencies = [
        ('diagnostics', '0009_people_clusters_and_charts'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.RunPython(give_roles, migrations.RunPython.noop),
    ]
